// Disables a form's buttons while the server processes it, and keeps Back from turning a sent form into a new one.
// The server decides, by the form's CSRF token (accounts/form_tokens.py); this only saves users a refusal.
"use strict"

const TIMEOUT = 30000 // milliseconds, in case the response never comes or is a download

function disable(form, disabled) {
  form.toggleAttribute("data-sending", disabled)
  for (const button of form.elements) {
    if (button.type === "submit" && button.disabled !== disabled && (disabled || button.hasAttribute("data-waiting"))) {
      button.disabled = disabled
      button.toggleAttribute("data-waiting", disabled)
    }
  }
}

// Everything in the form except its token, passwords and files.
function contentOf(form) {
  const kept = (element) => element.name && !["password", "file", "submit"].includes(element.type) &&
    element.name !== "csrfmiddlewaretoken"
  return JSON.stringify(Array.from(form.elements).filter(kept).map((element) => [element.name, element.value, element.checked]))
}

// After Back, the page has a new token. The same content means the same form, which is sent with the old token.
function rememberToken(form) {
  const token = form.querySelector("input[name=csrfmiddlewaretoken]")
  if (!token) return
  const content = contentOf(form), sent = history.state && history.state.sent
  if (sent && sent.content === content) token.value = sent.token
  history.replaceState({ ...history.state, sent: { content, token: token.value } }, "")
}

document.addEventListener("submit", (event) => {
  const form = event.target
  if (event.defaultPrevented || form.getAttribute("method") !== "post") return
  if (form.hasAttribute("data-sending")) {
    event.preventDefault()
    return
  }
  rememberToken(form)
  form.toggleAttribute("data-sending", true)
  // Deferred, because a disabled button is not sent, and the server needs to know which one was pressed.
  setTimeout(() => disable(form, true))
  setTimeout(() => disable(form, false), TIMEOUT)
})

// Dialogs.
document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.elt.tagName === "FORM") disable(detail.elt, true)
})
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  // Unless the response redirects to another page.
  if (detail.elt.tagName === "FORM" && !detail.xhr.getResponseHeader("HX-Redirect")) disable(detail.elt, false)
})

window.addEventListener("pageshow", () => {
  const [navigation] = performance.getEntriesByType("navigation")
  if (navigation && navigation.type === "reload" && history.state) {
    // Reloaded on purpose: a new form.
    history.replaceState({ ...history.state, sent: null }, "")
  }
  document.querySelectorAll("form[data-sending]").forEach((form) => disable(form, false))
})
