/* What the page can do beyond being read. The fragment of the address is its whole state, `#PLACE?NAME=VALUE&...`:
   a control only writes it, and every part draws itself from it, so that links, reload and the back button all work.
   A plain `#PLACE` is a link without state: it shows everything. Words come from the templates in controls.html.j2. */
(() => {
  "use strict";

  const root = document.documentElement;
  const language = root.lang;
  const collator = new Intl.Collator(language, { numeric: true });

  /* The fragment. What is written here always has a `?`: no element has such an id, so the browser does not scroll.
     A link to a cell of the matrix is the same as its two classes chosen in the gallery. */
  const here = () => {
    const [place, query] = location.hash.slice(1).split("?");
    const [, truth, pred] = place.match(/^cell-(\d+)-(\d+)$/) ?? [];
    return { place, state: new URLSearchParams(query ?? (truth && { true: truth, pred })) };
  };

  const change = (place, values, { replace = false } = {}) => {
    const { state } = here();
    for (const [name, value] of Object.entries(values)) {
      if (value) state.set(name, value);
      else state.delete(name);
    }
    const fragment = `#${place}?${state}`;
    if (replace) location.replace(fragment);
    else location.hash = fragment;
  };

  const controls = (name) => document.getElementById(`controls-${name}`).content.firstElementChild.cloneNode(true);

  /* Words that must all occur, whatever their case and width; zero-width spaces stand only where names may break. */
  const plain = (text) => text.normalize("NFKC").replaceAll("\u200b", "").toLocaleLowerCase(language);
  const finder = (wanted) => {
    const words = plain(wanted).split(/\s+/);
    return (text) => words.every((word) => text.includes(word));
  };

  /* Writing what is there already would move the caret. A select knows its own values and no other. */
  const fillIn = (field, wanted) => {
    if (field.value === (wanted ?? "")) return;
    field.value = wanted ?? "";
    if (field.selectedIndex === -1) field.value = "";
  };

  const count = (bar, numbers) => {
    for (const [name, number] of Object.entries(numbers)) {
      const place = bar.querySelector(`[data-n=${name}]`);
      const text = number.toLocaleString(language);
      if (place.textContent !== text) place.textContent = text; // a change is read out
    }
  };

  /* Dark or light: as the system has it, until the button says otherwise. Storage may be refused, as in a mail's frame. */
  const THEME = "reportgen-theme";
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);

  const remembered = () => {
    try {
      return localStorage.getItem(THEME);
    } catch {
      return null;
    }
  };

  const remember = (theme) => {
    try {
      localStorage.setItem(THEME, theme);
    } catch {
      /* the choice lasts as long as the page */
    }
  };

  const themeButton = (list) => {
    const item = controls("theme");
    const button = item.querySelector("button");
    const draw = () => button.setAttribute("aria-pressed", String(isDark()));
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      remember(root.dataset.theme);
      draw();
    });
    system.addEventListener("change", draw);
    list.append(item);
    draw();
  };

  /* A table whose columns sort, `data-sortable` being its name in the fragment; `data-searchable` gives it a search. */
  const value = (cell) => cell.dataset.value ?? cell.textContent;
  const compare = (a, b) => value(a) - value(b) || collator.compare(value(a), value(b));

  const sortableTable = (table) => {
    const name = `${table.dataset.sortable}.sort`;
    const place = table.closest("section").id;
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const heads = [...table.tHead.rows[0].cells];
    let drawn = 0;
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
      const first = head.classList.contains("num") ? -column - 1 : column + 1; // the largest number is asked for first
      const turns = [first, -first, 0];
      button.addEventListener("click", () => {
        const next = turns[(turns.indexOf(drawn) + 1) % turns.length];
        change(place, { [name]: next && String(next) });
      });
    });
    return ({ state }) => {
      const wanted = Number(state.get(name)) || 0;
      if (wanted === drawn) return;
      drawn = wanted;
      const column = Math.abs(wanted) - 1;
      const inOrder = (a, b) => Math.sign(wanted) * compare(a.cells[column], b.cells[column]);
      body.append(...(heads[column] ? rows.toSorted(inOrder) : rows));
      heads.forEach((head) => head.removeAttribute("aria-sort"));
      heads[column]?.setAttribute("aria-sort", wanted > 0 ? "ascending" : "descending");
    };
  };

  const searchableTable = (table) => {
    const name = `${table.dataset.sortable}.find`;
    const place = table.closest("section").id;
    const rows = [...table.tBodies[0].rows].map((row) => ({ row, text: plain(row.textContent) }));
    const bar = controls("search");
    const field = bar.querySelector("input");
    field.addEventListener("input", () => change(place, { [name]: field.value }, { replace: true }));
    table.before(bar);
    return ({ state }) => {
      fillIn(field, state.get(name));
      const found = finder(field.value);
      let shown = 0;
      for (const { row, text } of rows) shown += !row.classList.toggle("filtered", !found(text));
      count(bar, { shown, all: rows.length });
    };
  };

  /* The matrix: one stop of the Tab key; arrow keys go on to the nearest count in their direction. */
  const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

  const nearest = (links, from, [down, right]) => {
    const at = (link) => [link.closest("tr").rowIndex, link.closest("td").cellIndex];
    const [row, column] = at(from);
    const far = (link) => {
      const [y, x] = [at(link)[0] - row, at(link)[1] - column];
      const [along, across] = down ? [y * down, Math.abs(x)] : [x * right, Math.abs(y)];
      return along > 0 ? across * links.length * links.length + along : Infinity;
    };
    const best = links.reduce((a, b) => (far(b) < far(a) ? b : a));
    return far(best) < Infinity ? best : from;
  };

  const matrix = (table) => {
    const links = [...table.querySelectorAll("td a")];
    const stop = (only) => links.forEach((link) => (link.tabIndex = link === only ? 0 : -1));
    stop(links[0]);
    table.addEventListener("focusin", ({ target }) => links.includes(target) && stop(target));
    table.addEventListener("keydown", (event) => {
      if (!(event.key in STEPS) || !links.includes(event.target)) return;
      event.preventDefault();
      nearest(links, event.target, STEPS[event.key]).focus();
    });
    return ({ state }) => {
      const chosen = `#cell-${state.get("true")}-${state.get("pred")}`;
      for (const link of links) {
        if (link.hash === chosen) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
    };
  };

  /* The gallery: by class, by words, and in one run by confidence instead of cell by cell. */
  const ORDERS = {
    surest: (a, b) => b.dataset.confidence - a.dataset.confidence,
    unsure: (a, b) => a.dataset.confidence - b.dataset.confidence,
    close: (a, b) => b.dataset.probTrue - a.dataset.probTrue,
  };

  const gallery = (section) => {
    const bar = controls("gallery");
    const fields = [...bar.querySelectorAll("[name]")];
    const [run, all] = [bar.querySelector(".run"), bar.querySelector("a")];
    const cells = [...section.querySelectorAll(".cell")];
    const shots = [...section.querySelectorAll(".shot")];
    const homes = new Map(shots.map((shot) => [shot, shot.parentElement]));
    const texts = new Map(shots.map((shot) => [shot, plain(shot.textContent)]));
    let order = "";

    const arrange = (wanted) => {
      if (wanted === order) return;
      order = wanted;
      if (order) run.append(...shots.toSorted(ORDERS[order]));
      else shots.forEach((shot) => homes.get(shot).append(shot));
    };

    for (const field of fields) {
      field.addEventListener("input", () => {
        const values = Object.fromEntries(fields.map((one) => [one.name, one.value]));
        change(section.id, values, { replace: field.type === "search" });
      });
    }
    section.querySelector(".cells").before(bar);
    return ({ state }) => {
      for (const field of fields) fillIn(field, state.get(field.name));
      const chosen = Object.fromEntries(fields.map((field) => [field.name, field.value]));
      const found = finder(chosen.find);
      const isShown = (shot) => ["true", "pred"].every((side) => ["", shot.dataset[side]].includes(chosen[side])) && found(texts.get(shot));
      arrange(chosen.order);
      let shown = 0;
      for (const shot of shots) shown += !shot.classList.toggle("filtered", !isShown(shot));
      for (const cell of cells) cell.classList.toggle("filtered", !cell.querySelector(".shot:not(.filtered)"));
      all.hidden = !Object.values(chosen).some(Boolean);
      count(bar, { shown, all: shots.length });
    };
  };

  /* The viewer: a map over the crop, as opaque as wished, or two maps on either side of a line. */
  const viewsOf = (panel) => {
    const tiles = [...panel.querySelectorAll(".tile")].map((tile) => ({ ...tile.dataset, img: tile.querySelector("img") }));
    const crop = tiles.find((tile) => tile.role === "crop");
    const maps = tiles.filter((tile) => tile !== crop);
    const blends = maps.map((over) => ({ mode: "blend", label: over.label, over, under: crop }));
    const wipes = maps
      .filter((over) => over.role === "predicted")
      .map((over) => [over, maps.find((under) => under.kind === over.kind && under.role === "true")])
      .filter(([, under]) => under)
      .map(([over, under]) => ({ mode: "wipe", label: `${over.label} | ${under.label}`, over, under }));
    return [...blends, ...wipes];
  };

  const viewer = (panels) => {
    const dialog = controls("viewer");
    const [under, over] = [new Image(), new Image()];
    const levels = [...dialog.querySelectorAll("[data-mode]")];
    const choices = dialog.querySelector(".choices");
    const choice = choices.querySelector("label");
    let [panel, views, view] = [null, [], null];

    const draw = (level) => {
      over.style.opacity = view.mode === "blend" ? level / 100 : 1;
      over.style.clipPath = view.mode === "wipe" ? `inset(0 ${100 - level}% 0 0)` : "none";
    };

    const fill = () => {
      dialog.querySelector("h2").textContent = panel.firstElementChild.textContent;
      views = viewsOf(panel);
      choices.querySelectorAll("label").forEach((old) => old.remove());
      views.forEach(({ label }, number) => {
        const made = choice.cloneNode(true);
        made.querySelector("input").value = number;
        made.querySelector("span").textContent = label;
        choices.append(made);
      });
    };

    const choose = (number, level) => {
      view = views[number] ?? views[0];
      choices.querySelectorAll("input")[views.indexOf(view)].checked = true;
      for (const [img, tile] of [[under, view.under], [over, view.over]]) Object.assign(img, { src: tile.img.src, alt: tile.img.alt });
      for (const label of levels) {
        label.hidden = label.dataset.mode !== view.mode;
        const range = label.querySelector("input");
        range.value = label.hidden || level === null ? range.defaultValue : level;
        if (!label.hidden) draw(range.value);
      }
    };

    choices.addEventListener("input", ({ target }) => change(panel.id, { map: target.value, level: "" }, { replace: true }));
    for (const label of levels) {
      label.addEventListener("input", ({ target }) => draw(target.value));
      label.addEventListener("change", ({ target }) => change(panel.id, { level: target.value }, { replace: true }));
    }
    dialog.querySelector("button").addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      if (here().state.has("map")) change(panel.id, { map: "", level: "" }, { replace: true });
      panel.querySelector(".look").focus({ preventScroll: true });
    });
    for (const one of panels) {
      const button = controls("look");
      button.addEventListener("click", () => change(one.id, { map: "0", level: "" }));
      one.append(button);
    }
    dialog.querySelector(".stage").append(under, over);
    document.body.append(dialog);
    return ({ place, state }) => {
      const wanted = state.has("map") && panels.find((one) => one.id === place);
      if (!wanted) return dialog.close();
      if (wanted !== panel) {
        panel = wanted;
        fill();
      }
      choose(state.get("map"), state.get("level"));
      if (dialog.open) return;
      dialog.showModal();
      choices.querySelector(":checked").focus();
    };
  };

  const start = () => {
    const all = (selector, made) => [...document.querySelectorAll(selector)].map(made);
    const panels = [...document.querySelectorAll(".panel:has(.tile:nth-child(2))")];
    const parts = [
      ...all("[data-sortable]", sortableTable),
      ...all("[data-searchable]", searchableTable),
      ...all(".matrix:has(td a)", matrix),
      ...all("#images:has(.cell)", gallery),
      ...(panels.length ? [viewer(panels)] : []),
    ];
    all(".top ul", themeButton);
    const show = () => parts.forEach((draw) => draw(here()));
    const arrive = () => {
      const { place } = here();
      const target = place.startsWith("cell-") ? document.querySelector("#images .controls") : document.getElementById(place);
      target?.scrollIntoView();
    };
    addEventListener("hashchange", () => {
      show();
      if (!location.hash.includes("?")) arrive();
    });
    show();
    addEventListener("load", arrive); // after the browser's own leap to the fragment
  };

  const theme = remembered();
  if (theme) root.dataset.theme = theme; // before the first paint, so that the page does not flash
  document.addEventListener("DOMContentLoaded", start);
})();
