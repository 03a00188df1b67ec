// The fields of a Git upstream: where it is, and how one gets in.

import { base64, h } from '../dom.js'
import { field, select } from '../parts.js'

/// - known: what is stored, without its secrets; isNeeded: whether the URL has to be given.
/// Gives {fields, credentials()}; the latter is undefined where no URL is given.
export function upstreamFields(known, isNeeded = true) {
  const line = (value, members) => h('input', { value: value ?? '', autocomplete: 'off', spellcheck: 'false', ...members })
  const url = line(known?.remoteURL, { required: isNeeded, placeholder: 'https://git.example.org/shop.git', oninput: () => draw() })
  const user = line(known?.user)
  const secret = (rows) => (rows ? h('textarea', { rows, spellcheck: 'false' }) : h('input', { type: 'password', autocomplete: 'off' }))
  const [token, certificate, key, passphrase, proxyPassword] = [secret(), secret(3), secret(5), secret(), secret()]
  const isUnchecked = h('input', { type: 'checkbox', checked: known?.https?.insecureSkipTLS ?? false })
  const old = known?.https?.proxy
  const [proxy, proxyUser] = [line(old?.url, { placeholder: 'proxy.example.org:3128', oninput: () => draw() }), line(old?.user)]
  const scheme = select(['http', 'https'], old?.scheme ?? 'http')
  const kept = known ? ' Left empty, what is stored stays, for the same URL.' : ''
  const again = known ? ' With a new token it has to be given again.' : ''
  const https = h('div.fields', field('Token', token, `An access token that may push.${kept}`),
    field('Certificate', certificate, `PEM, where the server has one of an own authority.${again}`), fromFile('certificate', certificate),
    h('label.check', isUnchecked, 'Do not check the server’s certificate'),
    h('details', { open: Boolean(old) }, h('summary', 'Proxy'), h('div.fields',
      field('Address of the proxy', proxy, 'HOST:PORT; empty: none.'), field('It speaks', scheme),
      field('User at the proxy', proxyUser), field('Password at the proxy', proxyPassword, again && `Left empty, the stored one stays.${again}`))))
  const ssh = h('div.fields', field('Private key', key, `PEM or OpenSSH.${kept}`), fromFile('key', key), field('Passphrase', passphrase))
  const kind = select([['https', 'HTTPS with a token'], ['ssh', 'SSH with a key']], known?.ssh ? 'ssh' : 'https', () => draw())
  const draw = () => {
    const isHTTPS = kind.value === 'https'
    https.hidden = !isHTTPS
    ssh.hidden = isHTTPS
    const isGiven = isNeeded || url.value.trim() !== ''
    token.required = isGiven && !known && isHTTPS
    key.required = isGiven && !known && !isHTTPS
    for (const one of [scheme, proxyUser, proxyPassword]) one.disabled = proxy.value.trim() === ''
  }
  draw()
  const given = (name, value) => (value ? { [name]: value } : {})
  const access = () => (kind.value === 'ssh'
    ? { ssh: { ...given('privateKey', key.value && base64(key.value)), ...given('privateKeyPass', passphrase.value) } }
    : {
      https: {
        ...given('token', token.value), ...given('certificate', certificate.value && base64(certificate.value)), insecureSkipTLS: isUnchecked.checked,
        ...given('proxy', proxy.value.trim() && { url: proxy.value.trim(), scheme: scheme.value, user: proxyUser.value.trim(), ...given('password', proxyPassword.value) }),
      },
    })
  return {
    fields: [field('Access', kind), field('URL', url), field('User', user), https, ssh],
    credentials: () => (url.value.trim() ? { remoteURL: url.value.trim(), user: user.value.trim(), ...access() } : undefined),
  }
}

/// A text that may also come from a file.
function fromFile(what, area) {
  const file = h('input', { type: 'file', onchange: async () => { if (file.files[0]) area.value = await file.files[0].text() } })
  return field(`or a file with the ${what}`, file)
}
