// A new project: its name, its shipyard, and where its Git upstream is, if it has one.

import { part, post } from '../api.js'
import { base64, h } from '../dom.js'
import { field, head, notify } from '../parts.js'
import { upstreamFields } from './upstreamform.js'

const example = `apiVersion: spec.keptn.sh/0.2.2
kind: Shipyard
metadata:
  name: shipyard
spec:
  stages:
    - name: dev
      sequences:
        - name: delivery
          tasks:
            - name: deployment
            - name: evaluation
    - name: production
      sequences:
        - name: delivery
          triggeredOn:
            - event: dev.delivery.finished
          tasks:
            - name: approval
            - name: deployment
`

export function show(page) {
  page.title('Create project')
  const name = h('input', { required: true, pattern: '[a-z][a-z0-9\\-]*', maxlength: 200, autocomplete: 'off' })
  const shipyard = h('textarea', { rows: 22, wrap: 'off', spellcheck: 'false' })
  shipyard.value = example
  const file = h('input', { type: 'file', accept: '.yaml,.yml', onchange: async () => { if (file.files[0]) shipyard.value = await file.files[0].text() } })
  const upstream = upstreamFields(null, false)
  const problem = h('p.problem.lines', { role: 'alert', hidden: true })
  const done = h('button.button.primary', { type: 'submit' }, 'Create project')
  page.render(head('Create project'), h('form.card.padded.narrow', {
    onsubmit: async (event) => {
      event.preventDefault()
      done.disabled = true
      problem.hidden = true
      try {
        const gitCredentials = upstream.credentials()
        if (!shipyard.value.trim() && !gitCredentials) throw new Error('A project needs a shipyard, or a Git upstream that has one.')
        await post('controlPlane/v1/project', {
          name: name.value, ...(shipyard.value.trim() ? { shipyard: base64(shipyard.value) } : {}), ...(gitCredentials ? { gitCredentials } : {}),
        })
        notify(`Project ${name.value} is there`)
        page.navigate(`project/${part(name.value)}`)
      } catch (error) {
        problem.textContent = error.message
        problem.hidden = false
        done.disabled = false
      }
    },
  },
  field('Name', name, 'Lower case letters, digits and dashes; it cannot be changed later.'),
  field('Shipyard', shipyard, 'The stages and the sequences in them. The names of stages cannot be changed later. Empty with a Git upstream: the project that is there is taken over.'),
  field('Or from a file', file),
  h('details', h('summary', 'Git upstream'), h('div.body',
    h('p.quiet', 'Every change is pushed there. Without one the server’s own repository is all there is.'), upstream.fields)),
  problem, h('div', done)))
  name.focus()
}
