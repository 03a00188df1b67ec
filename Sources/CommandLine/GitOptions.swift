import ArgumentParser
import CloudEvents
import Ports

/// The upstream repository of a project and how to log in there (K §4.2).
struct GitOptions: ParsableArguments {
    @Option(name: [.customShort("r"), .long], help: "The upstream repository, https:// or ssh://.")
    var gitRemoteUrl: String?
    @Option(name: [.customShort("u"), .long], help: "The user there.") var gitUser: String?
    @Option(name: [.customShort("t"), .long], help: "The access token, for https://.") var gitToken: String?
    @Option(name: [.customShort("k"), .long], help: "The file with the private key, for ssh://.")
    var gitPrivateKey: String?
    @Option(name: [.customShort("l"), .long], help: "The key's passphrase.") var gitPrivateKeyPass: String?
    @Option(name: [.customShort("g"), .long], help: "The file with the server's certificate (PEM).")
    var gitPemCertificate: String?
    @Option(name: [.customShort("p"), .long], help: "The proxy, HOST:PORT.") var gitProxyUrl: String?
    @Option(name: [.customShort("j"), .long], help: "The proxy's scheme: http or https.") var gitProxyScheme: String?
    @Option(name: [.customShort("w"), .long], help: "The user at the proxy.") var gitProxyUser: String?
    @Option(name: [.customShort("e"), .long], help: "The password at the proxy.") var gitProxyPassword: String?
    @Flag(name: [.customShort("x"), .long], help: "Do not check the server's certificate.") var insecureSkipTls = false

    /// The flags that mean nothing without an upstream.
    private var isEmpty: Bool {
        let given = [
            gitUser, gitToken, gitPrivateKey, gitPrivateKeyPass, gitPemCertificate, gitProxyUrl, gitProxyScheme,
            gitProxyUser, gitProxyPassword,
        ]
        return given.allSatisfy { $0 == nil } && !insecureSkipTls
    }

    func validate() throws {
        guard let url = gitRemoteUrl else {
            if !isEmpty { throw ValidationError("GIT remote URL must be set: --git-remote-url") }
            return
        }
        if gitToken != nil, gitPrivateKey != nil {
            throw ValidationError("--git-token and --git-private-key exclude each other")
        }
        if gitToken == nil, gitPrivateKey == nil {
            throw ValidationError("GIT Access token or GIT private key must be set: --git-token, --git-private-key")
        }
        if gitProxyUrl != nil, url.hasPrefix("ssh://") {
            throw ValidationError("--git-proxy-url works with https:// only, not with \(url)")
        }
        if gitProxyUrl != nil, gitProxyScheme == nil {
            throw ValidationError("--git-proxy-url needs --git-proxy-scheme: http or https")
        }
        if gitPrivateKey != nil, !url.hasPrefix("ssh://") {
            throw ValidationError("--git-private-key works with ssh:// only, not with \(url)")
        }
    }

    /// The `gitCredentials` of a project; nil without an upstream.
    func credentials() throws -> JSON? {
        guard let url = gitRemoteUrl else { return nil }
        var https: JSON?
        var ssh: JSON?
        if let gitPrivateKey {
            ssh = [
                "privateKey": .string(Base64.encode(try InputFile.read(gitPrivateKey))),
                "privateKeyPass": gitPrivateKeyPass.map { .string($0) },
            ]
        } else {
            let proxy: JSON? = gitProxyUrl.map {
                [
                    "url": .string($0), "scheme": gitProxyScheme.map { .string($0) },
                    "user": gitProxyUser.map { .string($0) }, "password": gitProxyPassword.map { .string($0) },
                ]
            }
            https = [
                "token": .string(gitToken ?? ""),
                "certificate": try gitPemCertificate.map { .string(Base64.encode(try InputFile.read($0))) },
                "insecureSkipTLS": .bool(insecureSkipTls), "proxy": proxy,
            ]
        }
        return ["remoteURL": .string(url), "user": gitUser.map { .string($0) }, "https": https, "ssh": ssh]
    }
}
