// What makes unfold's pages usable by keyboard and with assistive technology.
"use strict"

// The panel can take the focus only once Alpine has shown it. Its search boxes have labels, but no names.
function focusFilters() {
  const panel = document.getElementById("changelist-filter")
  for (const box of panel.querySelectorAll(".select2-selection, .select2-selection__rendered")) {
    box.removeAttribute("aria-labelledby")
    box.setAttribute("aria-label", box.closest("div:has(label)").querySelector("label").innerText)
  }
  panel.tabIndex = -1
  panel.focus()
}

// The scrolling regions of a page otherwise all have the same name.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-simplebar]").forEach((region, index) => {
    const name = region.closest("#nav-sidebar") ? "Navigation" : "Table"
    region.dataset.simplebarAriaLabel = index > 1 ? `${name} ${index}` : name
  })
})

// The names of the filters come next after the title of the page.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("#changelist-filter h3").forEach((heading) => heading.setAttribute("aria-level", "2"))
})

// A search box does not take over the name of the select that it replaces, once the page has loaded.
function nameSearchBoxes() {
  for (const box of document.querySelectorAll("select[aria-label] + .select2 [role=textbox]")) {
    box.setAttribute("aria-label", box.closest(".select2").previousElementSibling.getAttribute("aria-label"))
  }
}
window.addEventListener("load", () => setTimeout(nameSearchBoxes))
