// Building and changing the page. Text is only ever set as text: nothing that comes from the API becomes markup.

const svgNamespace = 'http://www.w3.org/2000/svg'
const handlers = Symbol('handlers')

/// An element: h('a.button.small', {href, onclick, 'aria-label': '…'}, 'text', otherElements).
/// Members that are null or false are left out; functions become handlers; lists of children may be nested.
export function h(name, members, ...children) {
  const [tag, ...classes] = name.split('.')
  return fill(document.createElement(tag || 'div'), classes, members, children)
}

/// The same for SVG.
export function svg(name, members, ...children) {
  const [tag, ...classes] = name.split('.')
  return fill(document.createElementNS(svgNamespace, tag), classes, members, children)
}

function fill(element, classes, members, children) {
  if (members instanceof Node || typeof members !== 'object' || members === null || Array.isArray(members)) {
    children = [members, ...children]
    members = {}
  }
  if (classes.length > 0) element.setAttribute('class', classes.join(' '))
  for (const [key, value] of Object.entries(members)) {
    if (value === null || value === undefined || value === false) continue
    if (typeof value === 'function') {
      element[key] = value
      element[handlers] = [...(element[handlers] ?? []), key]
    } else if (key === 'class') {
      element.setAttribute('class', [...classes, value].join(' '))
    } else if (key === 'vars') {
      // Custom properties: the Content-Security-Policy forbids style attributes, and this is none.
      for (const [name, amount] of Object.entries(value)) element.style.setProperty(`--${name}`, amount)
    } else if (key === 'value' || key === 'checked' || key === 'selected') {
      element[key] = value
    } else {
      element.setAttribute(key, value === true ? '' : String(value))
    }
  }
  append(element, children)
  return element
}

function append(element, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue
    if (Array.isArray(child)) append(element, child)
    else element.append(child instanceof Node ? child : String(child))
  }
}

/// Makes the children of an element those, changing as little as possible: what has the focus, is scrolled or opened
/// stays so. Children with the same `data-key` are the same child.
export function patch(element, ...children) {
  const fragment = document.createDocumentFragment()
  append(fragment, children)
  patchChildren(element, fragment)
}

function patchChildren(old, fresh) {
  const keyed = new Map()
  for (const child of old.children) if (child.dataset?.key) keyed.set(child.dataset.key, child)
  let place = old.firstChild
  for (const wanted of [...fresh.childNodes]) {
    const key = wanted.dataset?.key
    let match = key ? keyed.get(key) : place
    if (key && match && match !== place) old.insertBefore(match, place)
    if (match && isSame(match, wanted)) {
      patchNode(match, wanted)
      place = match.nextSibling
    } else {
      old.insertBefore(wanted, place)
      if (match && !key && !match.dataset?.key) {
        place = match.nextSibling
        match.remove()
      }
    }
  }
  while (place) {
    const next = place.nextSibling
    place.remove()
    place = next
  }
}

const isSame = (a, b) =>
  a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.dataset?.key ?? '') === (b.dataset?.key ?? '')

function patchNode(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data
    return
  }
  if (old.isEqualNode(fresh) && !old[handlers] && !fresh[handlers] && fresh.querySelector('*') === null) return
  for (const { name } of [...old.attributes]) {
    // What the user has opened stays open, and a dialog that is shown stays shown.
    if (!fresh.hasAttribute(name) && name !== 'open' && name !== 'style') old.removeAttribute(name)
  }
  for (const { name, value } of fresh.attributes) {
    if (name !== 'style' && old.getAttribute(name) !== value) old.setAttribute(name, value)
  }
  patchVariables(old.style, fresh.style)
  for (const key of old[handlers] ?? []) old[key] = null
  for (const key of fresh[handlers] ?? []) old[key] = fresh[key]
  old[handlers] = fresh[handlers]
  const isInUse = old === document.activeElement
  if ('value' in old && 'value' in fresh && !isInUse && old.value !== fresh.value) old.value = fresh.value
  if ('checked' in old && old.checked !== fresh.checked && !isInUse) old.checked = fresh.checked
  patchChildren(old, fresh)
}

// Property by property: the Content-Security-Policy forbids to set the attribute.
function patchVariables(old, fresh) {
  for (const name of [...old]) if (fresh.getPropertyValue(name) === '') old.removeProperty(name)
  for (const name of fresh) {
    const value = fresh.getPropertyValue(name)
    if (old.getPropertyValue(name) !== value) old.setProperty(name, value)
  }
}

/// Calls the function at most once a frame, however often it is asked to.
export function oncePerFrame(body) {
  let isAsked = false
  return () => {
    if (isAsked) return
    isAsked = true
    requestAnimationFrame(() => {
      isAsked = false
      body()
    })
  }
}

/// Text becomes copied text; the button says so.
export async function copy(text, button) {
  await navigator.clipboard.writeText(text)
  const label = button.textContent
  button.textContent = 'Copied'
  setTimeout(() => { button.textContent = label }, 1500)
}

/// The Base64 of a text's UTF-8, as the API wants files.
export const base64 = (text) => btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(''))

/// The text in a Base64 of UTF-8; undefined for what is no text.
export function unbase64(content) {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(atob(content), (letter) => letter.codePointAt(0)))
    return text.includes('\0') ? undefined : text
  } catch { return undefined }
}
