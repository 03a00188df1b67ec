package import CloudEvents
import FoundationEssentials

/// Where a project's upstream repository is and how to get in. The secrets in it never show in a description.
package struct GitCredentials: Sendable, Hashable, CustomStringConvertible {
    package enum Access: Sendable, Hashable {
        case https(HTTPS)
        case ssh(SSH)
    }

    package struct HTTPS: Sendable, Hashable {
        package var token: String
        /// Takes every certificate.
        package var insecureSkipTLS = false
        /// PEM; trusted besides the machine's own authorities.
        package var certificate: String?
        package var proxy: Proxy?

        package init(token: String) { self.token = token }
    }

    package struct Proxy: Sendable, Hashable {
        /// `HOST:PORT`.
        package var url: String
        /// How the proxy itself is spoken to: `http` or `https`.
        package var scheme: String
        package var user: String
        package var password: String

        package init(url: String, scheme: String = "http", user: String = "", password: String = "") {
            self.url = url
            self.scheme = scheme
            self.user = user
            self.password = password
        }
    }

    package struct SSH: Sendable, Hashable {
        /// PEM or OpenSSH's own form.
        package var privateKey: String
        package var passphrase: String

        package init(privateKey: String, passphrase: String = "") {
            self.privateKey = privateKey
            self.passphrase = passphrase
        }
    }

    package private(set) var remoteURL: String
    package private(set) var user: String
    package private(set) var access: Access

    /// Throws `KeptnError.invalidInput` with everything that is wrong: the URL, a missing token or key, an access that
    /// does not fit the URL.
    package init(remoteURL: String, user: String = "", access: Access) throws(KeptnError) {
        var problems = Self.problems(url: remoteURL, access)
        switch access {
        case .https(let https):
            if https.token.isEmpty { problems.append("the Git token is empty") }
            if let certificate = https.certificate, !certificate.contains("-----BEGIN CERTIFICATE-----") {
                problems.append("the certificate is not in PEM form (-----BEGIN CERTIFICATE-----)")
            }
            problems += https.proxy.map(Self.problems) ?? []
        case .ssh(let ssh):
            if !ssh.privateKey.contains("PRIVATE KEY-----") {
                problems.append("the private key is not in PEM or OpenSSH form (-----BEGIN ... PRIVATE KEY-----)")
            }
        }
        guard problems.isEmpty else {
            throw KeptnError(.invalidInput, "the Git upstream cannot be used: \(problems.joined(separator: "; "))")
        }
        self.remoteURL = remoteURL
        self.user = user
        self.access = access
    }

    package var description: String { remoteURL }

    private static func problems(url text: String, _ access: Access) -> [String] {
        let schemes = if case .ssh = access { ["ssh"] } else { ["http", "https"] }
        guard !text.isEmpty else { return ["the remote URL is empty"] }
        guard let url = URL(string: text), let scheme = url.scheme, url.host?.isEmpty == false else {
            return ["'\(text)' is no URL; one looks like https://git.example.com/owner/repository.git"]
        }
        guard ["http", "https", "ssh"].contains(scheme) else {
            return ["'\(text)' begins with '\(scheme):'; possible are http, https and ssh"]
        }
        var problems: [String] = []
        if !schemes.contains(scheme) {
            let needed = scheme == "ssh" ? "ssh with a private key" : "https with a token"
            problems.append("'\(text)' needs the access data '\(needed)'")
        }
        if scheme != "ssh", url.user != nil || url.password != nil {
            problems.append("the remote URL must not contain the user or the token: it is shown to everybody")
        }
        if url.path.drop(while: { $0 == "/" }).isEmpty { problems.append("'\(text)' names no repository") }
        return problems
    }

    private static func problems(_ proxy: Proxy) -> [String] {
        var problems: [String] = []
        if !["http", "https"].contains(proxy.scheme) {
            problems.append("the proxy's scheme '\(proxy.scheme)' is neither 'http' nor 'https'")
        }
        let parts = proxy.url.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count != 2 || parts[0].isEmpty || UInt16(parts[1]) == nil {
            problems.append("the proxy's address '\(proxy.url)' is not of the form HOST:PORT")
        }
        return problems
    }
}

// MARK: - JSON

extension GitCredentials {
    /// The fields of a request's body that hold credentials, in both of Keptn's forms.
    package static let fields = flatFields.union(["gitCredentials"])

    private static let flatFields: Set<String> = [
        "gitRemoteURL", "gitUser", "gitToken", "gitPrivateKey", "gitPrivateKeyPass", "gitProxyUrl", "gitProxyScheme",
        "gitProxyUser", "gitProxyPassword", "gitProxyInsecure", "gitPemCertificate", "insecureSkipTLS",
    ]

    /// The credentials in a request's body: nested as `gitCredentials` or in the flat fields of Keptn before 0.19
    /// (K §2.3.7); nil when there are none. Throws `KeptnError.invalidInput` with everything that is wrong.
    ///
    /// - Parameter known: whose secrets stay in use where the body names the same URL and no token or key.
    package static func reading(
        body: JSON, keeping known: GitCredentials? = nil
    ) throws(KeptnError) -> GitCredentials? {
        let flat = body.members.filter { flatFields.contains($0.key) && !isEmpty($0.value) }
        let nested = body["gitCredentials"].flatMap { isEmpty($0) ? nil : $0 }
        if nested != nil, let other = flat.first?.key {
            throw KeptnError(
                .invalidInput, "'gitCredentials' and '\(other)' say the same thing twice: send one of them")
        }
        guard let given = nested ?? (flat.isEmpty ? nil : nesting(body)) else { return nil }
        return try GitCredentials(known?.completing(given) ?? given)
    }

    /// Credentials without token and key get our secrets. Only for our URL: they are no other server's business.
    private func completing(_ given: JSON) -> JSON {
        let name = if case .https = access { "https" } else { "ssh" }
        guard given["remoteURL"]?.stringValue == remoteURL, Self.isLeftOut("https", "token", in: given),
            Self.isLeftOut("ssh", "privateKey", in: given), let own = json(withSecrets: true)[name]
        else { return given }
        var part = given[name] ?? .null
        guard part.isNull || part.kind == .object else { return given }
        if part.members.isEmpty { return given.setting(name, to: own) }
        for secret in ["token", "certificate", "privateKey", "privateKeyPass"] where Self.isLeftOut(secret, in: part) {
            part = part.setting(secret, to: own[secret])
        }
        if let proxy = part["proxy"], proxy["url"] == own["proxy", "url"], Self.isLeftOut("password", in: proxy) {
            part = part.setting("proxy", to: proxy.setting("password", to: own["proxy", "password"]))
        }
        return given.setting(name, to: part)
    }

    private static func isLeftOut(_ path: String..., in json: JSON) -> Bool {
        path.reduce(Optional(json)) { $0?[$1] }.map(isEmpty) ?? true
    }

    /// The nested form.
    package init(_ json: JSON) throws(KeptnError) {
        try Self.checkFields(json, ["remoteURL", "user", "https", "ssh"], in: "gitCredentials")
        let https = json["https"].flatMap { Self.isEmpty($0) ? nil : $0 }
        let ssh = json["ssh"].flatMap { Self.isEmpty($0) ? nil : $0 }
        let access: Access
        switch (https, ssh) {
        case (_?, _?):
            throw KeptnError(.invalidInput, "'https' and 'ssh' exclude each other: send the one that the URL needs")
        case (nil, nil):
            throw KeptnError(.invalidInput, "'gitCredentials' needs 'https' with a token or 'ssh' with a private key")
        case (let https?, nil): access = .https(try HTTPS(https))
        case (nil, let ssh?):
            try Self.checkFields(ssh, ["privateKey", "privateKeyPass"], in: "ssh")
            access = .ssh(
                SSH(
                    privateKey: try Self.pem(ssh, "privateKey") ?? "",
                    passphrase: try Self.text(ssh, "privateKeyPass") ?? ""))
        }
        try self.init(
            remoteURL: try Self.text(json, "remoteURL") ?? "", user: try Self.text(json, "user") ?? "", access: access)
    }

    /// The nested form: whole, to be kept as a secret, or without secrets, to be shown.
    package func json(withSecrets: Bool) -> JSON {
        let (https, ssh): (JSON?, JSON?)
        switch access {
        case .https(let access): (https, ssh) = (access.json(withSecrets: withSecrets), nil)
        case .ssh(let access):
            let secrets: JSON = .object([
                (key: "privateKey", value: .string(Base64.encode(access.privateKey.utf8))),
                (key: "privateKeyPass", value: .string(access.passphrase)),
            ])
            (https, ssh) = (nil, withSecrets ? secrets : .emptyObject)
        }
        return .object([
            (key: "remoteURL", value: .string(remoteURL)), (key: "user", value: .string(user)),
            (key: "https", value: https), (key: "ssh", value: ssh),
        ])
    }

    private static func nesting(_ flat: JSON) -> JSON {
        func object(_ members: [(key: String, value: JSON?)]) -> JSON? {
            let present = members.filter { !($0.value.map(isEmpty) ?? true) }
            return present.isEmpty ? nil : .object(present)
        }
        let proxy = object([
            (key: "url", value: flat["gitProxyUrl"]), (key: "scheme", value: flat["gitProxyScheme"]),
            (key: "user", value: flat["gitProxyUser"]), (key: "password", value: flat["gitProxyPassword"]),
        ])
        let https = object([
            (key: "token", value: flat["gitToken"]), (key: "certificate", value: flat["gitPemCertificate"]),
            (key: "insecureSkipTLS", value: flat["insecureSkipTLS"] ?? flat["gitProxyInsecure"]),
            (key: "proxy", value: proxy),
        ])
        let ssh = object([
            (key: "privateKey", value: flat["gitPrivateKey"]),
            (key: "privateKeyPass", value: flat["gitPrivateKeyPass"]),
        ])
        return .object([
            (key: "remoteURL", value: flat["gitRemoteURL"]), (key: "user", value: flat["gitUser"]),
            (key: "https", value: https), (key: "ssh", value: ssh),
        ])
    }

    /// What clients send for "not given": null, an empty text, `false`, an object of nothing else.
    private static func isEmpty(_ value: JSON) -> Bool {
        value.isNull || value.stringValue == "" || value.boolValue == false
            || value.kind == .object && value.members.allSatisfy { isEmpty($0.value) }
    }

    fileprivate static func checkFields(_ json: JSON, _ known: Set<String>, in name: String) throws(KeptnError) {
        guard json.kind == .object else { throw KeptnError(.invalidInput, "'\(name)' is no object") }
        if let unknown = json.members.first(where: { !known.contains($0.key) })?.key {
            throw KeptnError(
                .invalidInput,
                "unknown field '\(unknown)' in '\(name)'; known are \(known.sorted().joined(separator: ", "))")
        }
    }

    fileprivate static func text(_ json: JSON, _ field: String) throws(KeptnError) -> String? {
        guard let value = json[field], !value.isNull else { return nil }
        guard let text = value.stringValue else { throw KeptnError(.invalidInput, "field '\(field)' is no text") }
        return text
    }

    /// Base64, as Keptn's own clients send it, or the PEM text itself.
    fileprivate static func pem(_ json: JSON, _ field: String) throws(KeptnError) -> String? {
        guard let text = try text(json, field), !text.isEmpty else { return nil }
        if text.contains("-----BEGIN") { return text }
        guard let bytes = Base64.decode(text), let decoded = String(validating: bytes, as: UTF8.self) else {
            throw KeptnError(.invalidInput, "field '\(field)' is neither PEM nor Base64 of it")
        }
        return decoded
    }
}

extension GitCredentials.HTTPS {
    fileprivate init(_ json: JSON) throws(KeptnError) {
        try GitCredentials.checkFields(json, ["token", "insecureSkipTLS", "certificate", "proxy"], in: "https")
        self.init(token: try GitCredentials.text(json, "token") ?? "")
        insecureSkipTLS = json["insecureSkipTLS"]?.boolValue ?? false
        certificate = try GitCredentials.pem(json, "certificate")
        guard let proxy = json["proxy"], !proxy.isNull, !proxy.members.isEmpty else { return }
        try GitCredentials.checkFields(proxy, ["url", "scheme", "user", "password"], in: "proxy")
        self.proxy = GitCredentials.Proxy(
            url: try GitCredentials.text(proxy, "url") ?? "",
            scheme: try GitCredentials.text(proxy, "scheme") ?? "http",
            user: try GitCredentials.text(proxy, "user") ?? "",
            password: try GitCredentials.text(proxy, "password") ?? "")
    }

    fileprivate func json(withSecrets: Bool) -> JSON {
        .object([
            (key: "token", value: withSecrets ? .string(token) : nil),
            (key: "insecureSkipTLS", value: .bool(insecureSkipTLS)),
            (key: "certificate", value: withSecrets ? certificate.map { .string(Base64.encode($0.utf8)) } : nil),
            (key: "proxy", value: proxy.map { $0.json(withSecrets: withSecrets) }),
        ])
    }
}

extension GitCredentials.Proxy {
    fileprivate func json(withSecrets: Bool) -> JSON {
        .object([
            (key: "url", value: .string(url)), (key: "scheme", value: .string(scheme)),
            (key: "user", value: .string(user)), (key: "password", value: withSecrets ? .string(password) : nil),
        ])
    }
}
