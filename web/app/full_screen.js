// A dashboard or a chart on the whole screen: https://fullscreen.spec.whatwg.org
/** An iPhone cannot. */
export const canFillScreen = document.fullscreenEnabled ?? false;

/** Show an element on the whole screen; once the user has left, what had the focus has it again. */
export async function fillScreen(element) {
  const focused = document.activeElement;
  const changed = () => {
    if (document.fullscreenElement === element) return;
    document.removeEventListener("fullscreenchange", changed);
    focused.focus({ preventScroll: true });
  };
  await element.requestFullscreen();
  document.addEventListener("fullscreenchange", changed);
}
