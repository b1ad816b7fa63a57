"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const table = document.getElementById("matches");
  const PAGE = 100; // rows of a page
  const PRINTED = 3000; // rows that are laid out to be printed
  // What stands where in a row.
  const [TOKEN, ENTRY, FOLDER, NAME, MEMBER, DISTANCE, VIEW, BY, QUALITY, PICTURE, STALE, RUN, SAID, EVIDENCE] = Array(14).keys();
  const VERDICTS = ["right", "wrong", "unsure"];

  const at = (id) => document.getElementById(id);
  const make = (kind, name, text) => {
    const made = document.createElement(kind);
    if (name) made.className = name;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const plural = (n, one, many) => n + " " + (n === 1 ? one : many);
  const pathOf = (row) => (data.folders[row[FOLDER]] ? data.folders[row[FOLDER]] + "/" : "") + row[NAME];

  // -- verdicts, kept in the browser until they are saved ---------------------------------------------------

  const KEPT = "safehash verdict ";
  const verdicts = new Map(); // by a match's token
  const done = []; // what can be taken back: [row, what stood there]
  let keeps = true;
  const keep = (token, value) => {
    try {
      if (value) localStorage.setItem(KEPT + token, JSON.stringify(value));
      else localStorage.removeItem(KEPT + token);
    } catch (error) {
      keeps = false;
    }
  };
  const recall = () => {
    const ours = new Set(data.rows.map((row) => row[TOKEN]));
    try {
      for (const token of ours) {
        const text = localStorage.getItem(KEPT + token);
        const value = text && JSON.parse(text);
        if (value && VERDICTS.includes(value.verdict) && typeof value.decided === "string") verdicts.set(token, value);
      }
      at("reviewer").value = localStorage.getItem("safehash reviewer") || "";
    } catch (error) {
      keeps = false;
    }
    return ours.size;
  };

  if (table) {
    const nAll = recall();
    const text = at("filter");
    const list = at("filter-list");
    const label = at("filter-label");
    const standing = at("filter-standing"); // where something is suppressed
    const judged = at("filter-verdict");
    const sure = at("filter-evidence");
    let found = data.rows; // what the filters leave, in order
    let page = 0;

    // -- filters and order ----------------------------------------------------------------------------------

    const words = new Map();
    const wordsOf = (row) => {
      let said = words.get(row);
      if (said === undefined) {
        const entry = data.entries[row[ENTRY]];
        said = [pathOf(row), row[MEMBER] || "", data.views[row[VIEW]], row[BY] || "", entry[0], entry[1], entry[2], entry[3], ...entry[4]]
          .join(" ").toLowerCase();
        words.set(row, said);
      }
      return said;
    };
    const filter = () => {
      const wanted = text.value.trim().toLowerCase();
      found = data.rows.filter((row) => {
        const entry = data.entries[row[ENTRY]];
        const said = verdicts.get(row[TOKEN]);
        return (!list.value || entry[0] === list.value)
          && (!label.value || entry[4].includes(label.value) || (label.value === "no label" && !entry[4].length))
          && (!standing || !standing.value || (standing.value === "off") === (row[BY] !== null))
          && (!judged.value || (judged.value === "none" ? !said : said && said.verdict === judged.value))
          && (!sure.value || data.evidence[row[EVIDENCE]][1] === sure.value)
          && (!wanted || wordsOf(row).includes(wanted));
      });
      lay(0);
      at("shown").textContent = plural(found.length, "match", "matches") + " shown";
    };

    const value = (row, key) => key === "distance" ? row[DISTANCE] : key === "quality" ? row[QUALITY] ?? -1
      : key === "evidence" ? data.evidence[row[EVIDENCE]][0] ?? -Infinity
      : key === "view" ? data.views[row[VIEW]] : pathOf(row);
    const compare = (one, other) => one < other ? -1 : one > other ? 1 : 0;
    const sort = (header) => {
      const down = header.getAttribute("aria-sort") === "ascending";
      for (const other of table.querySelectorAll("thead th[aria-sort]")) other.setAttribute("aria-sort", "none");
      header.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = header.dataset.key;
      const sign = down ? -1 : 1;
      const groups = new Map();
      for (const row of data.rows) {
        if (!groups.has(row[ENTRY])) groups.set(row[ENTRY], []);
        groups.get(row[ENTRY]).push(row);
      }
      const sorted = Array.from(groups.values());
      for (const rows of sorted) rows.sort((one, other) => sign * compare(value(one, key), value(other, key)));
      sorted.sort((one, other) => sign * compare(value(one[0], key), value(other[0], key)));
      data.rows = sorted.flat();
      filter();
    };

    // -- laying out ------------------------------------------------------------------------------------------

    const counts = new Map();
    for (const row of data.rows) {
      const known = counts.get(row[ENTRY]) || [0, Infinity];
      counts.set(row[ENTRY], [known[0] + 1, Math.min(known[1], row[DISTANCE])]);
    }
    const nColumns = table.querySelectorAll("thead th").length;

    const head = (number) => {
      const [source, id, digest, category, labels] = data.entries[number];
      const [n, nearest] = counts.get(number);
      const line = make("tr");
      const cell = make("th");
      cell.scope = "rowgroup";
      cell.colSpan = nColumns;
      cell.append(make("bdi", "", source));
      if (id) cell.append(" \u00b7 ", make("bdi", "", id));
      cell.append(" ", make("span", "soft", (digest ? digest + "\u2026 \u00b7 " : "") + plural(n, "file", "files") + ", nearest " + nearest));
      cell.append(make("span", "tag", category), ...labels.map((each) => make("span", "tag", each)));
      line.append(cell);
      return line;
    };

    const shot = (row) => {
      const cell = make("td", "shot");
      const picture = row[PICTURE] === null ? undefined : data.pictures[row[PICTURE]];
      if (picture === undefined) {
        cell.append(make("span", "soft", "none"));
        return cell;
      }
      const button = make("button", "picture");
      button.type = "button";
      button.setAttribute("aria-pressed", "false");
      button.setAttribute("aria-label", "Show the picture of " + pathOf(row) + " clearly");
      const image = make("img");
      image.alt = "";
      image.src = "data:image/png;base64," + picture;
      button.append(image);
      button.addEventListener("click", () => {
        button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      });
      cell.append(button);
      return cell;
    };

    const choice = (row) => {
      const cell = make("td", "verdict");
      const group = make("div", "choice");
      group.setAttribute("role", "group");
      group.setAttribute("aria-label", "Verdict on " + pathOf(row));
      for (const each of VERDICTS) {
        const button = make("button", "", each);
        button.type = "button";
        button.dataset.verdict = each;
        button.addEventListener("click", () => judge(row, each, true));
        group.append(button);
      }
      cell.append(group);
      if (row[SAID].length) {
        cell.append(make("span", "said-before", "in the catalog: " + row[SAID].map(([who, said]) => said + " (" + who + ")").join(", ")));
      }
      return cell;
    };

    const line = (row, number) => {
      const made = make("tr", "match");
      made.tabIndex = -1;
      made.dataset.row = number;
      if (data.thumbnails) made.append(shot(row));
      const path = make("td", "path");
      path.append(make("bdi", "", pathOf(row)));
      if (row[MEMBER] !== null) path.append(" ", make("span", "soft", "\u203a"), " ", make("bdi", "", row[MEMBER]));
      const distance = make("td", "number", String(row[DISTANCE]));
      distance.dataset.name = "Distance";
      const view = make("td", "", data.views[row[VIEW]]);
      view.dataset.name = "Found as";
      if (row[BY] !== null) view.append(" ", make("span", "tag off", "suppressed: " + row[BY]));
      if (row[STALE]) view.append(" ", make("span", "tag off", "stale"));
      const quality = make("td", "number", row[QUALITY] === null ? "" : String(row[QUALITY]));
      quality.dataset.name = "Quality";
      const [bits, word] = data.evidence[row[EVIDENCE]];
      const evidence = make("td", "number", word);
      if (bits !== null) evidence.append(" ", make("span", "soft", bits.toFixed(1)));
      evidence.dataset.name = "Evidence";
      made.append(path, distance, evidence, view, quality, choice(row));
      return made;
    };

    const lay = (wanted, limit) => {
      const nPages = Math.max(1, Math.ceil(found.length / PAGE));
      page = Math.min(Math.max(0, wanted), nPages - 1);
      const first = limit ? 0 : page * PAGE;
      const last = Math.min(found.length, first + (limit || PAGE));
      for (const body of Array.from(table.tBodies)) body.remove();
      let body = null;
      let entry = null;
      for (let number = first; number < last; number += 1) {
        const row = found[number];
        if (row[ENTRY] !== entry) {
          entry = row[ENTRY];
          body = make("tbody", "group");
          body.append(head(entry));
          table.append(body);
        }
        body.append(line(row, number));
      }
      mark();
      at("page-before").disabled = page === 0;
      at("page-next").disabled = page === nPages - 1;
      at("page-at").textContent = found.length ? (first + 1) + " to " + last + " of " + found.length : "nothing fits";
      document.querySelector("nav.pages").hidden = nPages === 1;
    };

    const mark = () => {
      for (const each of table.querySelectorAll("tr.match")) {
        const said = verdicts.get(found[each.dataset.row][TOKEN]);
        for (const button of each.querySelectorAll(".choice button")) {
          button.setAttribute("aria-pressed", String(Boolean(said) && said.verdict === button.dataset.verdict));
        }
      }
      at("judged").textContent = verdicts.size + " of " + nAll + " judged" + (keeps ? "" : "; this browser keeps nothing: save before you close the page");
      at("undo").disabled = !done.length;
      at("save").disabled = !verdicts.size;
    };

    // -- judging ---------------------------------------------------------------------------------------------

    const say = (what) => { at("said").textContent = what; };
    const current = () => {
      const focused = document.activeElement;
      return focused && focused.closest ? focused.closest("tr.match") : null;
    };
    const go = (number) => {
      if (number < 0 || number >= found.length) return;
      if (Math.floor(number / PAGE) !== page) lay(Math.floor(number / PAGE));
      const row = table.querySelector('tr.match[data-row="' + number + '"]');
      row.focus();
      row.scrollIntoView({block: "center"});
    };
    const judge = (row, verdict, takesBack) => {
      const before = verdicts.get(row[TOKEN]);
      const same = before && before.verdict === verdict;
      if (same && !takesBack) return;
      const after = same ? undefined : {verdict, decided: new Date().toISOString()};
      put(row, after);
      done.push([row, before]);
      mark();
      say(row[NAME] + ": " + (after ? verdict : "verdict taken back"));
    };
    const put = (row, value) => {
      if (value) verdicts.set(row[TOKEN], value);
      else verdicts.delete(row[TOKEN]);
      keep(row[TOKEN], value);
    };
    const undo = () => {
      const last = done.pop();
      if (!last) return;
      const [row, before] = last;
      put(row, before);
      mark();
      go(found.indexOf(row));
      say(row[NAME] + ": taken back, " + (before ? before.verdict : "no verdict"));
    };
    const save = () => {
      const who = at("reviewer").value.trim();
      if (!who) {
        say("Your name first: the catalog keeps who said what.");
        at("reviewer").focus();
        return;
      }
      const lines = [];
      const told = new Set();
      for (const row of data.rows) {
        const said = verdicts.get(row[TOKEN]);
        if (!said || told.has(row[TOKEN])) continue;
        told.add(row[TOKEN]);
        const [source, id] = data.entries[row[ENTRY]];
        lines.push(JSON.stringify({
          match: row[TOKEN], verdict: said.verdict, reviewer: who, decided: said.decided, list: source, id, path: pathOf(row), member: row[MEMBER],
        }));
      }
      const first = JSON.stringify({kind: "safehash verdicts", version: 1, verdicts: lines.length});
      const link = make("a");
      link.href = URL.createObjectURL(new Blob([[first, ...lines, ""].join("\n")], {type: "application/x-ndjson"}));
      link.download = "verdicts-" + new Date().toISOString().slice(0, 16).replace(/[^0-9]/g, "") + ".jsonl";
      link.click();
      say(plural(lines.length, "verdict", "verdicts") + " saved as " + link.download + ". They count once they are applied to the catalog: safehash review apply");
    };

    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest && event.target.closest("input, select, textarea");
      if (typing || event.ctrlKey || event.altKey || event.metaKey) return;
      const row = current();
      const number = row ? Number(row.dataset.row) : -1;
      if (event.key === "j") go(row ? number + 1 : page * PAGE);
      else if (event.key === "k") go(row ? number - 1 : page * PAGE);
      else if (event.key === "u") undo();
      else if (row && "123".includes(event.key)) {
        judge(found[number], VERDICTS[Number(event.key) - 1], false);
        go(Math.min(number + 1, found.length - 1));
      } else if (row && event.key === "p") {
        const button = row.querySelector("button.picture");
        if (button) button.click();
      } else return;
      event.preventDefault();
    });

    text.addEventListener("input", filter);
    for (const each of [list, label, standing, judged, sure]) if (each) each.addEventListener("change", filter);
    for (const header of table.querySelectorAll("thead th[data-key]")) {
      header.querySelector("button").addEventListener("click", () => sort(header));
    }
    at("page-before").addEventListener("click", () => { lay(page - 1); at("matches-title").focus(); });
    at("page-next").addEventListener("click", () => { lay(page + 1); at("matches-title").focus(); });
    at("undo").addEventListener("click", undo);
    at("save").addEventListener("click", save);
    at("reviewer").addEventListener("change", () => {
      try { localStorage.setItem("safehash reviewer", at("reviewer").value.trim()); } catch (error) { keeps = false; }
    });
    let before = 0;
    window.addEventListener("beforeprint", () => { before = page; lay(0, PRINTED); });
    window.addEventListener("afterprint", () => lay(before));
    filter();
  }
  document.documentElement.dataset.ready = "yes";
})();
