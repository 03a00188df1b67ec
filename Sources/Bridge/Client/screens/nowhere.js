// An address that belongs to no screen.

import { h } from '../dom.js'
import { empty, head } from '../parts.js'

export function show(page) {
  page.title('Not found')
  page.render(head('Not found'), empty('There is nothing here', `The Bridge has no page ${location.pathname}.`,
    h('a.button', { href: 'dashboard' }, 'To the dashboard')))
}
