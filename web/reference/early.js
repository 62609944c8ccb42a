// What must be settled before Swagger UI loads.

// It brings a library that would take over every link within the page and scroll under the header.
window.noZensmooth = true;

document.addEventListener("DOMContentLoaded", () => {
  const { dashkeepTheme } = window;
  const button = document.getElementById("theme");
  const show = () => button.setAttribute("aria-pressed", dashkeepTheme.isDark);
  show();
  document.addEventListener("themechange", show);
  button.addEventListener("click", () => {
    const dark = !dashkeepTheme.isDark;
    // Back at what the system says: follow the system again.
    dashkeepTheme.choose(dark === dashkeepTheme.isSystemDark ? "system" : dark ? "dark" : "light");
  });
});
