// Names the scrolling regions of a page, which otherwise all have the same name.
"use strict"

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-simplebar]").forEach((region, index) => {
    const name = region.closest("#nav-sidebar") ? "Navigation" : "Table"
    region.dataset.simplebarAriaLabel = index > 1 ? `${name} ${index}` : name
  })
})
