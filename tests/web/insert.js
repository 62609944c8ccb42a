// Runs before any other script in every document, frames included, and reports to the page everything that would run.
// The page's policy blocks no script but reports each one, so that a script which alerts nothing is noticed, too.
// A handler is reported as soon as it is parsed, a link once it is followed.
(() => {
  const report = (what) => top.postMessage({ ran: what }, "*");
  addEventListener("securitypolicyviolation", (event) => {
    // Handlers without code are reported, too, but run nothing.
    const isEmpty = event.effectiveDirective === "script-src-attr" && event.sample === "";
    if (!isEmpty) report(`${event.effectiveDirective}: ${event.sample}`);
  });
  for (const name of ["alert", "confirm", "prompt", "print"]) window[name] = () => report(name);
  if (window !== top) return;

  let ran = [];
  addEventListener("message", (event) => event.data?.ran && ran.push(event.data.ran));

  const EVENTS =
    "mouseover mouseenter mousemove mousedown mouseup pointerover focus focusin keydown input change toggle blur click";

  function use(element) {
    for (const type of EVENTS.split(" ")) {
      element.dispatchEvent(new MouseEvent(type, { bubbles: true, cancelable: true }));
    }
    element.focus?.();
    // The name of a form control can shadow the form's methods, so the prototypes' are called.
    for (const act of [HTMLElement.prototype.click, HTMLFormElement.prototype.requestSubmit]) {
      try {
        act.call(element);
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
      }
    }
  }

  // Inserts each text in six ways: directly, within an element, serialized and parsed again, through a parser that runs
  // no scripts, as sanitizers do, and followed by the next text, each in an element of its own, with and without quotes.
  // Then uses every element that this creates, and again once animations have started.
  window.insertAll = async (texts, milliseconds) => {
    ran = [];
    const places = texts.flatMap((text, index) => {
      const made = Array.from("123456", () => document.body.appendChild(document.createElement("div")));
      const [direct, within, again, parsed, beside, quoted] = made;
      const next = texts[(index + 1) % texts.length];
      beside.innerHTML = `<h2>${text}</h2><p>${next}</p>`;
      quoted.innerHTML = `<h2>"${text}"</h2><p>'${next}'</p>`;
      direct.innerHTML = text;
      within.innerHTML = `<h2>${text}</h2>`;
      again.innerHTML = direct.innerHTML;
      parsed.innerHTML = new DOMParser().parseFromString(text, "text/html").body.innerHTML;
      return made;
    });
    for (let times = 0; times < 2; times += 1) {
      for (const place of places) for (const element of place.querySelectorAll("*")) use(element);
      await new Promise((resolve) => setTimeout(resolve, milliseconds / 2));
    }
    for (const place of places) place.remove();
    return ran;
  };

  // The names of all event handler properties that this browser's elements, documents and windows have.
  window.handlerNames = () => {
    const prototypes = Object.getOwnPropertyNames(window).map((name) => window[name]?.prototype);
    const owners = prototypes.filter((each) => each && (each === Element.prototype || each instanceof Node));
    const names = [window, document, ...owners].flatMap((each) => Object.getOwnPropertyNames(each));
    return [...new Set(names.filter((name) => /^on[a-z]+$/.test(name)))];
  };
})();
