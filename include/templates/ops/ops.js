// Airflow's theme, links that leave the frame, and what htmx leaves to us. All of it works without, but for the theme.
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
    if (event.defaultPrevented) return; // htmx sends it, and drops a second one
    if (event.target.dataset.sent) { event.preventDefault(); return; }
    if (event.target.method === "post") event.target.dataset.sent = "1";
  });

  let swapped = null;
  let next = null;

  // An error is a sentence where the answer would have stood; what somebody has typed stays.
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    [swapped, next] = [detail.target.id, detail.target.nextElementSibling];
    if (detail.xhr.status < 400) return;
    detail.selectOverride = ".alert";
    detail.swapOverride = "innerHTML";
    detail.target = (detail.requestConfig.verb === "get" && document.getElementById("found")) || document.getElementById("status");
  });
  document.addEventListener("htmx:sendError", () => { document.getElementById("status").textContent = "Airflow does not answer; try again in a minute."; });

  // An act that was refused has led nowhere.
  document.addEventListener("htmx:beforeHistoryUpdate", ({ detail }) => {
    if (detail.xhr.status >= 400 && detail.requestConfig.verb === "post") detail.history.type = null;
  });

  // What has gone cannot keep the focus: it goes to what stands there now, or to what came after it.
  document.addEventListener("htmx:afterRequest", () => {
    if (document.activeElement !== document.body) return;
    (document.getElementById(swapped) || (next && next.isConnected ? next : document.getElementById("main"))).focus({ preventScroll: true });
  });

  // Airflow's address follows the frame's whenever the frame has loaded.
  document.addEventListener("htmx:pushedIntoHistory", () => { if (airflow) window.frameElement.dispatchEvent(new Event("load")); });
})();
