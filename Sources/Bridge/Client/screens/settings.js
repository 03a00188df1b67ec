// A project's settings: its shipyard, its Git upstream, and how it is deleted.

import { get, may, part, put, remove } from '../api.js'
import { h } from '../dom.js'
import { button, dialog, field, head, link, notify, state, time, upstreamState } from '../parts.js'
import { upstreamFields } from './upstreamform.js'

/// The screens of the settings of a project, above each of them.
export function tabs(project, current) {
  const base = `project/${part(project)}/settings`
  const places = [['project', 'Project'], ['services', 'Services'], may('resources:read') && ['files', 'Files']].filter(Boolean)
  return h('nav.tabs', { 'aria-label': 'Settings' }, places.map(([path, name]) => h('a', { href: `${base}/${path}`, 'aria-current': path === current ? 'page' : null }, name)))
}

export function show(page) {
  const { project } = page.params
  page.title('Settings', project)
  page.load({
    concerns: (event) => event.project === project && !event.stage,
    ask: (signal) => Promise.all([get(`controlPlane/v1/project/${part(project)}`, {}, signal), get(`v1/overview/project/${part(project)}`, {}, signal)]),
    show: ([data, overview]) => page.render(head('Settings'), tabs(project, 'project'),
      h('div.columns', shipyard(project, data, overview), upstream(page, project, data)), danger(page, project, data)),
  })
}

const shipyard = (project, data, overview) => h('section.card.padded', h('h2', 'Shipyard'),
  h('dl.facts', h('dt', 'Format'), h('dd', data.shipyardVersion), h('dt', 'Stages'), h('dd', overview.stages.map((stage) => stage.name).join(', ') || '–'),
    h('dt', 'Created'), h('dd', time(overview.createdAt))),
  may('resources:read') && h('p', h('a', { href: `project/${part(project)}/settings/files?file=shipyard.yaml` }, may('resources:write') ? 'Edit shipyard.yaml' : 'Show shipyard.yaml')))

// MARK: - The upstream

function upstream(page, project, data) {
  const { gitCredentials: known, upstream: now } = data
  return h('section.card.padded', h('h2', 'Git upstream'),
    known
      ? [h('dl.facts', h('dt', 'URL'), h('dd', known.remoteURL ? link(known.remoteURL) : 'hidden'), known.user && [h('dt', 'User'), h('dd', known.user)],
        h('dt', 'Access'), h('dd', known.ssh ? 'SSH with a key' : known.https?.insecureSkipTLS ? 'HTTPS, certificates are not checked' : 'HTTPS with a token'),
        known.https?.proxy && [h('dt', 'Proxy'), h('dd', h('code', known.https.proxy.url))],
        h('dt', 'State'), h('dd', state(upstreamState(now), now?.state ?? 'unknown'), now?.since && [' ', time(now.since)])),
      now?.message && h(upstreamState(now) === 'fail' ? 'p.problem' : 'p.quiet', now.message)]
      : [h('p.quiet', 'The project’s only repository is on this server. Any token that may read files is a password for it:'),
        h('code', `git clone ${location.protocol}//keptn@${location.host}/api/git/${project}.git`)],
    may('projects:write') && h('div', button(known ? 'Change the upstream' : 'Set an upstream', () => upstreamDialog(page, project, known))))
}

function upstreamDialog(page, project, known) {
  const { fields, credentials } = upstreamFields(known)
  dialog({
    title: `Git upstream of ${project}`, action: 'Save',
    body: [h('p.quiet', 'Every change is pushed there, and what others push is fetched. It has to be empty, or hold this project.'), fields],
    submit: async () => {
      await put('controlPlane/v1/project', { name: project, gitCredentials: credentials() })
      notify('The upstream is set')
      page.reload()
    },
  })
}

// MARK: - The end

function danger(page, project, data) {
  if (!may('projects:delete')) return null
  return h('section.card.padded.danger', h('h2', 'Delete the project'),
    h('p', 'Its files, its history and its queued sequences go. What its services run is not stopped.', data.gitCredentials && ' The upstream keeps its repository.'),
    h('div', button('Delete the project', () => deleteDialog(page, project), { kind: 'danger' })))
}

function deleteDialog(page, project) {
  const name = h('input', { required: true, autocomplete: 'off', spellcheck: 'false' })
  dialog({
    title: `Delete ${project}?`, action: 'Delete for ever', kind: 'danger',
    body: [h('p', 'This cannot be taken back.'), field(`Type ${project}`, name)],
    submit: async () => {
      if (name.value !== project) throw new Error(`“${name.value}” is not the project’s name.`)
      const { message } = await remove(`controlPlane/v1/project/${part(project)}`)
      notify(message ?? 'Deleted')
      page.navigate('dashboard')
    },
  })
}
