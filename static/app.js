// Small behaviour of the pages. Everything works without it but the drawer, the menu on narrow screens,
// the focus on errors and the forgetting of revealed values when the server cannot be reached.
(() => {
  const start = (root) => {
    root.querySelectorAll("[data-take-focus]").forEach((element) => element.focus());
    const shown = root.matches && root.matches("[data-forget-after]") ? [root] : [];
    [...shown, ...root.querySelectorAll("[data-forget-after]")].forEach((element) => {
      const value = element.querySelector(".reveal-value");
      setTimeout(() => value && value.remove(), Number(element.dataset.forgetAfter) * 1000);
    });
  };

  const announce = (words) => {
    const announcer = document.getElementById("announcer");
    if (announcer) { announcer.textContent = words; }
  };

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) { document.getElementById(opener.dataset.open).showModal(); }
    const toggle = event.target.closest("[data-toggle-menu]");
    if (toggle) {
      const open = document.getElementById("sidebar-menu").classList.toggle("is-open");
      toggle.setAttribute("aria-expanded", String(open));
    }
    if (event.target.matches("dialog.drawer")) { event.target.close(); }
  });

  // A link of the error summary lands in the field, not only near it.
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".error-summary a[href^='#']");
    const field = link && document.getElementById(link.hash.slice(1));
    if (!field) { return; }
    event.preventDefault();
    const input = field.matches("input, select, textarea") ? field : field.querySelector("input, select, textarea");
    (input || field).focus();
    (input || field).scrollIntoView({ block: "center" });
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.dataset.sent) { if (form.dataset.sent) { event.preventDefault(); } return; }
    if (form.hasAttribute("hx-post")) { return; }
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, 4000);
  });

  document.addEventListener("htmx:afterSwap", (event) => start(event.detail.elt || document));
  ["htmx:sendError", "htmx:responseError", "htmx:timeout"].forEach((name) =>
    document.addEventListener(name, () => announce(document.getElementById("announcer").dataset.lost)));
  document.addEventListener("DOMContentLoaded", () => start(document));
})();
