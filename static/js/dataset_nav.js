// On a narrow screen the pages of a dataset scroll sideways: the one that is open is to be seen.
const nav = document.querySelector("[data-dataset-nav]");
const open = nav.querySelector("[aria-current]");

function showOpen() {
  if (open) nav.scrollLeft = open.offsetLeft - (nav.clientWidth - open.offsetWidth) / 2;
}

if (document.readyState === "complete") showOpen();
else addEventListener("load", showOpen); // widths are known once the style is there
