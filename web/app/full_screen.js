// A dashboard or a chart on the whole screen: https://fullscreen.spec.whatwg.org
/** An iPhone cannot. */
export const canFillScreen = document.fullscreenEnabled ?? false;

/** Show an element on the whole screen; once the user has left, the focus is where it was, unless it was moved. */
export async function fillScreen(element) {
  const focused = document.activeElement;
  const changed = () => {
    if (document.fullscreenElement === element) return;
    document.removeEventListener("fullscreenchange", changed);
    if (document.activeElement === document.body) focused.focus({ preventScroll: true });
  };
  await element.requestFullscreen();
  document.addEventListener("fullscreenchange", changed);
}
