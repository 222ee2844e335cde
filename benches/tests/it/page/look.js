(() => {
  const page = document, root = page.documentElement, width = root.clientWidth;
  const place = (element) => element.getBoundingClientRect();
  const charts = [...page.querySelectorAll("section")].filter((section) => section.querySelector("svg.chart"));
  const outside = [...page.querySelectorAll("body *")].filter((element) =>
    !element.closest(".table") && place(element).right > width + 0.5);
  return {
    sticks_out: outside.length + Math.max(0, root.scrollWidth - width),
    fetched: performance.getEntriesByType("resource").length,
    broken_links: [...page.querySelectorAll("a")].filter((link) =>
      !page.getElementById(link.getAttribute("href").slice(1))).length,
    charts: charts.length,
    charts_above_their_table: charts.filter((section) =>
      place(section.querySelector("figure")).bottom <= place(section.querySelector("table")).top).length,
  };
})()
