// The buttons of a form are disabled while the server works on it, and Back does not make a sent form a new one.
// What counts is the form's CSRF token on the server (accounts/form_tokens.py): this only spares people the refusal.
"use strict"

const PATIENCE = 30000 // milliseconds, for an answer that never comes or is a download

function disable(form, disabled) {
  form.toggleAttribute("data-sending", disabled)
  for (const button of form.elements) {
    if (button.type === "submit" && button.disabled !== disabled && (disabled || button.hasAttribute("data-waiting"))) {
      button.disabled = disabled
      button.toggleAttribute("data-waiting", disabled)
    }
  }
}

// Everything in the form but its token, passwords and files.
function contentOf(form) {
  const kept = (element) => element.name && !["password", "file", "submit"].includes(element.type) &&
    element.name !== "csrfmiddlewaretoken"
  return JSON.stringify(Array.from(form.elements).filter(kept).map((element) => [element.name, element.value, element.checked]))
}

// After Back this entry of the history has a new token: the same content is the same form, and goes with the old one.
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
  // Not at once: a disabled button does not say which one was pressed.
  setTimeout(() => disable(form, true))
  setTimeout(() => disable(form, false), PATIENCE)
})

// The dialogs.
document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.elt.tagName === "FORM") disable(detail.elt, true)
})
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  // Unless the answer leads to another page, which has its own buttons.
  if (detail.elt.tagName === "FORM" && !detail.xhr.getResponseHeader("HX-Redirect")) disable(detail.elt, false)
})

window.addEventListener("pageshow", () => {
  const [navigation] = performance.getEntriesByType("navigation")
  if (navigation && navigation.type === "reload" && history.state) {
    // Loaded again on purpose: a new form.
    history.replaceState({ ...history.state, sent: null }, "")
  }
  document.querySelectorAll("form[data-sending]").forEach((form) => disable(form, false))
})
