// Makes the title of the API's docs a landmark (banner). Everything below it already is one (main).
"use strict"

new MutationObserver((_, observer) => {
  const title = document.querySelector(".information-container")
  if (title) {
    title.setAttribute("role", "banner")
    observer.disconnect()
  }
}).observe(document.getElementById("swagger-ui"), { childList: true, subtree: true })
