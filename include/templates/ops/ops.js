// Airflow's theme, links that leave the frame, and acts that are asked about once more. All of it works without, but for the theme.
"use strict";

(() => {
  const framed = () => {
    try { return parent !== window && parent.document ? parent : null; } catch { return null; }
  };

  const airflow = framed();
  if (airflow) {
    const root = airflow.document.documentElement;
    const follow = () => document.documentElement.classList.toggle("dark", root.classList.contains("dark"));
    follow();
    new MutationObserver(follow).observe(root, { attributeFilter: ["class"] });
  } else if (matchMedia("(prefers-color-scheme: dark)").matches) {
    document.documentElement.classList.add("dark");
  }

  // The frame may not navigate its parent, but Airflow's own router follows its history.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-airflow]");
    if (!link || !airflow || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    airflow.history.pushState({}, "", new URL(link.getAttribute("href"), airflow.location.origin).href);
    airflow.dispatchEvent(new PopStateEvent("popstate", { state: {} }));
  });

  // A second press on a button that is still at work would do the act twice.
  document.addEventListener("submit", (event) => {
    if (event.target.dataset.sent) { event.preventDefault(); return; }
    if (event.target.method === "post") event.target.dataset.sent = "1";
  });
})();
