// Settings that must be in place before Swagger UI loads.

// Disable its scrolling library, which would take over every link within the page and scroll targets under the header.
window.noZensmooth = true;

document.addEventListener("DOMContentLoaded", () => {
  const { dashkeepTheme } = window;
  const button = document.getElementById("theme");
  const show = () => button.setAttribute("aria-pressed", dashkeepTheme.isDark);
  show();
  document.addEventListener("themechange", show);
  button.addEventListener("click", () => {
    const dark = !dashkeepTheme.isDark;
    // If the choice equals the system's theme, follow the system again.
    dashkeepTheme.choose(dark === dashkeepTheme.isSystemDark ? "system" : dark ? "dark" : "light");
  });
});
