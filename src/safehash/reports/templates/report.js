"use strict";
(() => {
  const table = document.getElementById("matches");
  if (table) {
    const groups = () => Array.from(table.querySelectorAll("tbody.group"));
    const rowsOf = (group) => Array.from(group.querySelectorAll("tr.match"));
    const text = document.getElementById("filter");
    const list = document.getElementById("filter-list");
    const standing = document.getElementById("filter-standing"); // where something is suppressed
    const shown = document.getElementById("shown");

    const filter = () => {
      const wanted = text.value.trim().toLowerCase();
      let n = 0;
      for (const group of groups()) {
        const head = group.dataset.text;
        const listed = !list.value || group.dataset.list === list.value;
        let any = false;
        for (const row of rowsOf(group)) {
          const fits = listed && (!standing || !standing.value || row.dataset.standing === standing.value);
          row.hidden = !(fits && (!wanted || head.includes(wanted) || row.dataset.text.includes(wanted)));
          if (!row.hidden) { any = true; n += 1; }
        }
        group.hidden = !any;
      }
      shown.textContent = n === 1 ? "1 match shown" : n + " matches shown";
    };

    const value = (row, key) => key === "distance" || key === "quality" ? Number(row.dataset[key]) : row.dataset[key];
    const compare = (one, other) => one < other ? -1 : one > other ? 1 : 0;
    const sort = (header) => {
      const down = header.getAttribute("aria-sort") === "ascending";
      for (const other of table.querySelectorAll("thead th[aria-sort]")) other.setAttribute("aria-sort", "none");
      header.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = header.dataset.key;
      const sign = down ? -1 : 1;
      const firsts = [];
      for (const group of groups()) {
        const rows = rowsOf(group).sort((one, other) => sign * compare(value(one, key), value(other, key)));
        group.append(...rows);
        firsts.push([value(rows[0], key), group]);
      }
      firsts.sort((one, other) => sign * compare(one[0], other[0]));
      for (const [, group] of firsts) table.append(group);
    };

    text.addEventListener("input", filter);
    list.addEventListener("change", filter);
    if (standing) standing.addEventListener("change", filter);
    for (const header of table.querySelectorAll("thead th[data-key]")) {
      header.querySelector("button").addEventListener("click", () => sort(header));
    }
    for (const button of table.querySelectorAll("button.picture")) {
      button.addEventListener("click", () => {
        const clear = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(clear));
      });
    }
  }
  document.documentElement.dataset.ready = "yes";
})();
