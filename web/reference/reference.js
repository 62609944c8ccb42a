import { Session } from "../session.js";
import { Walk } from "./walk.js";

const SCHEME = "bearerAuth";

const session = new Session();

// Requests go to the server of this page, whatever servers the document names.
const SameOrigin = () => ({
  statePlugins: {
    spec: {
      wrapActions: {
        updateJsonSpec: (original) => (spec) =>
          original({ ...spec, servers: [{ url: location.origin, description: "This server" }] }),
      },
    },
  },
});

// Scroll an operation named in the URL into view once it is drawn, clear of the header.
const ScrollNatively = () => ({
  statePlugins: {
    layout: {
      wrapActions: {
        scrollToElement: () => (element) => {
          const operation = element?.querySelector(".opblock");
          if (operation) showWhenDrawn(operation.id);
          else element?.scrollIntoView();
        },
      },
    },
  },
});

// Fold long sections that are the same for many operations.
const folded = (title) => (Original, { React }) => (props) =>
  React.createElement(
    "details",
    { className: "folded" },
    React.createElement("summary", null, title),
    React.createElement(Original, props),
  );

const Folded = () => ({
  wrapComponents: {
    InfoContainer: folded("Rules for all requests: authentication, versions, bodies, limits, errors"),
    headers: folded("Headers"),
  },
});

async function withFreshToken(request) {
  const sent = request.headers?.Authorization?.replace(/^Bearer /, "");
  if (sent && session.holds(sent)) request.headers.Authorization = `Bearer ${await session.token()}`;
  return request;
}

const ui = SwaggerUIBundle({
  url: "/openapi.yaml",
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [SameOrigin, ScrollNatively, Folded],
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  requestInterceptor: withFreshToken,
  onComplete: authorise,
});

async function authorise() {
  const state = document.getElementById("session");
  const { user } = session;
  try {
    const token = await session.token();
    if (user !== session.user) return;
    ui.preauthorizeApiKey(SCHEME, token);
    state.textContent = `Requests use a token for ${user}.`;
    delete state.dataset.kind;
  } catch (error) {
    state.textContent = `No token for ${user}: ${error.message}`;
    state.dataset.kind = "bad";
  }
}

function openOperation(tag, operationId) {
  ui.layoutActions.show(["operations-tag", tag], true);
  ui.layoutActions.show(["operations", tag, operationId], true);
  showWhenDrawn(`operations-${tag}-${operationId}`);
}

// Swagger UI draws an opened operation over several frames; scrolling earlier would fall short.
function showWhenDrawn(id, frames = 120) {
  const operation = document.getElementById(id);
  if (operation?.querySelector(".responses-wrapper")) {
    operation.scrollIntoView();
    operation.querySelector("button").focus({ preventScroll: true });
  } else if (frames > 0) {
    requestAnimationFrame(() => showWhenDrawn(id, frames - 1));
  }
}

const walk = new Walk(session, openOperation);

for (const choice of document.querySelectorAll("input[name=user]")) {
  choice.checked = choice.value === session.user;
  choice.addEventListener("change", () => {
    session.choose(choice.value);
    walk.restart();
    authorise();
  });
}
