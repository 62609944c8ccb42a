// Runs before any script of every document, frames included: tells the page of whatever would have been executed.
// The page's policy forbids no script, but reports each one, whatever it does, so that no text runs unnoticed because
// it alerts nothing. A handler is reported as soon as it is read, a link once it is followed.
(() => {
  const tell = (what) => top.postMessage({ ran: what }, "*");
  addEventListener("securitypolicyviolation", (event) => {
    // A handler without a word of code is one, too.
    const isEmpty = event.effectiveDirective === "script-src-attr" && event.sample === "";
    if (!isEmpty) tell(`${event.effectiveDirective}: ${event.sample}`);
  });
  for (const name of ["alert", "confirm", "prompt", "print"]) window[name] = () => tell(name);
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
    // What form controls and forms are called may stand in the way of their methods.
    for (const act of [HTMLElement.prototype.click, HTMLFormElement.prototype.requestSubmit]) {
      try {
        act.call(element);
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
      }
    }
  }

  // Inserts each text in four ways: as it is, within an element, once more after it was written out, and after a parser
  // that runs no script has read it, as sanitizers do. Then uses everything that it made, and again once animations are
  // on their way.
  window.insertAll = async (texts, milliseconds) => {
    ran = [];
    const places = texts.flatMap((text) => {
      const made = Array.from("1234", () => document.body.appendChild(document.createElement("div")));
      const [direct, within, again, parsed] = made;
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

  // Every name under which some object of this browser keeps an event handler.
  window.handlerNames = () => {
    const owners = Object.getOwnPropertyNames(window).map((name) => window[name]?.prototype);
    const names = [window, document, ...owners.filter(Boolean)].flatMap((each) => Object.getOwnPropertyNames(each));
    return [...new Set(names.filter((name) => /^on[a-z]+$/.test(name)))];
  };
})();
