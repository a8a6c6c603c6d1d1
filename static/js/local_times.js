// Times as the person's own clock and language have them; the server writes UTC, which stays where this does not run.
//   <time datetime="2026-01-31T12:00:00+00:00" data-local="second">…</time>; data-local: day, minute or second.

const STYLES = {
  day: { dateStyle: "medium" },
  minute: { dateStyle: "medium", timeStyle: "short" },
  second: { dateStyle: "medium", timeStyle: "medium" },
};

export function showLocalTimes(root = document) {
  for (const time of root.querySelectorAll("time[data-local]")) {
    const moment = new Date(time.dateTime);
    time.textContent = new Intl.DateTimeFormat(undefined, STYLES[time.dataset.local]).format(moment);
    time.title = moment.toISOString().replace("T", " ").replace(/\..*/, " UTC");
  }
}

showLocalTimes();
