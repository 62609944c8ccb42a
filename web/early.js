// What must be settled before the page is drawn and before Swagger UI loads.

// Swagger UI brings a library that would take over every link within the page and scroll under the header.
window.noZensmooth = true;

// The colours, so that the page never flashes in the other ones. `dark-mode` is Swagger UI's own class.
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const apply = () => {
    const chosen = localStorage.getItem("dashkeep.theme");
    root.classList.toggle("dark-mode", chosen ? chosen === "dark" : system.matches);
    document.getElementById("theme")?.setAttribute("aria-pressed", root.classList.contains("dark-mode"));
  };
  apply();
  system.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", () => {
    apply();
    document.getElementById("theme").addEventListener("click", () => {
      const wanted = root.classList.contains("dark-mode") ? "light" : "dark";
      // Back at what the system says: follow the system again.
      if ((wanted === "dark") === system.matches) localStorage.removeItem("dashkeep.theme");
      else localStorage.setItem("dashkeep.theme", wanted);
      apply();
    });
  });
})();
