import CloudEvents
import Ports
import Testing

@Suite("GitCredentials")
struct GitCredentialsTests {
    private static let pem = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"
    private static let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----"

    @Test("The nested and the flat form mean the same, and come back from their own form")
    func forms() throws {
        let (certificate, key) = (Base64.encode(Self.pem.utf8), Base64.encode(Self.key.utf8))
        let pairs = [
            (
                #"{"gitCredentials":{"remoteURL":"https://a/b","user":"u","https":{"token":"t"}}}"#,
                #"{"gitRemoteURL":"https://a/b","gitUser":"u","gitToken":"t","gitPrivateKey":""}"#
            ),
            (
                #"{"gitCredentials":{"remoteURL":"https://a/b","user":"u","https":{"token":"t","insecureSkipTLS":true,"#
                    + #""certificate":"\#(certificate)","proxy":{"url":"p:80","scheme":"http","user":"x","#
                    + #""password":"y"}},"ssh":{"privateKey":"","privateKeyPass":""}}}"#,
                #"{"gitRemoteURL":"https://a/b","gitUser":"u","gitToken":"t","insecureSkipTLS":true,"#
                    + #""gitPemCertificate":"\#(certificate)","gitProxyUrl":"p:80","gitProxyScheme":"http","#
                    + #""gitProxyUser":"x","gitProxyPassword":"y"}"#
            ),
            (
                #"{"gitCredentials":{"remoteURL":"ssh://git@a/b","#
                    + #""ssh":{"privateKey":"\#(key)","privateKeyPass":"s"}}}"#,
                #"{"gitRemoteURL":"ssh://git@a/b","gitPrivateKey":"\#(key)","gitPrivateKeyPass":"s"}"#
            ),
        ]
        for (nested, flat) in pairs {
            let credentials = try #require(try GitCredentials.reading(body: JSON(parsing: nested)))
            #expect(try GitCredentials.reading(body: JSON(parsing: flat)) == credentials)
            #expect(try GitCredentials(credentials.json(withSecrets: true)) == credentials)
            let shown = credentials.json(withSecrets: false).text
            for secret in [#""t""#, #""y""#, key, certificate, #""s""#] { #expect(!shown.contains(secret)) }
            #expect("\(credentials)" == credentials.remoteURL)
        }
        for none in [
            "{}", #"{"gitCredentials":null}"#, #"{"gitCredentials":{}}"#, #"{"gitRemoteURL":"","gitToken":""}"#,
        ] {
            #expect(try GitCredentials.reading(body: JSON(parsing: none)) == nil)
        }
    }

    @Test("An update without token and key keeps the secrets, for the same URL only")
    func keeping() throws {
        var https = GitCredentials.HTTPS(token: "t")
        https.certificate = Self.pem
        https.proxy = .init(url: "p:80", user: "x", password: "y")
        let known = try GitCredentials(remoteURL: "https://a/b", user: "u", access: .https(https))
        func reading(_ body: String) throws -> GitCredentials? {
            try GitCredentials.reading(body: JSON(parsing: body), keeping: known)
        }
        let shown: JSON = ["gitCredentials": known.json(withSecrets: false)]
        #expect(try reading(shown.text) == known, "what was read can be sent again")
        #expect(try reading(#"{"gitCredentials":{"remoteURL":"https://a/b","user":"u"}}"#) == known)
        #expect(try reading(#"{"gitRemoteURL":"https://a/b","gitUser":"v"}"#)?.access == known.access)
        #expect(
            try reading(#"{"gitCredentials":{"remoteURL":"https://a/b","https":{"token":"new"}}}"#)?.access
                == .https(.init(token: "new")), "a new token comes with all that belongs to it")
        let otherProxy = #"{"gitRemoteURL":"https://a/b","gitProxyUrl":"q:80"}"#
        guard case .https(let kept)? = try reading(otherProxy)?.access else { throw KeptnError(.notFound, "https") }
        #expect(kept.token == "t" && kept.proxy?.password == "", "the password of one proxy is not for another")
        for other in [
            #"{"gitRemoteURL":"https://a/other"}"#, #"{"gitCredentials":{"remoteURL":"https://evil/b","user":"u"}}"#,
            #"{"gitCredentials":{"remoteURL":"https://a/b","https":[]}}"#,
        ] {
            #expect(throws: KeptnError.self) { try reading(other) }
        }
        let ssh = try GitCredentials(remoteURL: "ssh://a/b", access: .ssh(.init(privateKey: Self.key, passphrase: "s")))
        #expect(
            try GitCredentials.reading(
                body: ["gitCredentials": ["remoteURL": "ssh://a/b", "user": "git", "ssh": [:]]], keeping: ssh)?.access
                == ssh.access)
    }

    @Test(
        "What cannot be meant is refused with what is wrong",
        arguments: [
            (#"{"gitCredentials":{"remoteURL":"https://a/b","https":{"token":"t"}},"gitToken":"t"}"#, "twice"),
            (
                #"{"gitCredentials":{"remoteURL":"https://a/b","https":{"token":"t"},"ssh":{"privateKey":"k"}}}"#,
                "exclude each other"
            ),
            (#"{"gitCredentials":{"remoteURL":"https://a/b","https":{"token":""}}}"#, "needs 'https'"),
            (#"{"gitCredentials":{"remoteURL":"https://a/b","https":{"insecureSkipTLS":true}}}"#, "token is empty"),
            (#"{"gitCredentials":{"remoteURL":"https://a/b","user":"u"}}"#, "needs 'https'"),
            (#"{"gitCredentials":{"remoteURL":"","https":{"token":"t"}}}"#, "URL is empty"),
            (#"{"gitCredentials":{"remoteURL":"ftp://a/b","https":{"token":"t"}}}"#, "'ftp:'"),
            (#"{"gitCredentials":{"remoteURL":"git@a:b.git","https":{"token":"t"}}}"#, "is no URL"),
            (#"{"gitCredentials":{"remoteURL":"https://a/","https":{"token":"t"}}}"#, "names no repository"),
            (#"{"gitCredentials":{"remoteURL":"https://u:t@a/b","https":{"token":"t"}}}"#, "must not contain"),
            (#"{"gitCredentials":{"remoteURL":"ssh://a/b","https":{"token":"t"}}}"#, "private key"),
            (#"{"gitCredentials":{"remoteURL":"ssh://a/b","ssh":{"privateKey":"!"}}}"#, "Base64"),
            (#"{"gitCredentials":{"remoteURL":"ssh://a/b","ssh":{"privateKey":"eA=="}}}"#, "PRIVATE KEY"),
            (#"{"gitCredentials":{"remoteURL":"https://a/b","https":{"token":"t","x":1}}}"#, "unknown field 'x'"),
            (#"{"gitCredentials":{"remoteURL":"https://a/b","https":{"token":"t","certificate":"eA=="}}}"#, "PEM"),
            (
                #"{"gitCredentials":{"remoteURL":"https://a/b","https":{"token":"t","#
                    + #""proxy":{"url":"p","scheme":"socks"}}}}"#, "HOST:PORT"
            ),
            (#"{"gitRemoteURL":"https://a/b","gitUser":"u"}"#, "needs 'https'"),
        ])
    func refusals(_ body: String, _ text: String) throws {
        let error = #expect(throws: KeptnError.self) { try GitCredentials.reading(body: JSON(parsing: body)) }
        #expect(error?.code == .invalidInput)
        #expect(error?.message.contains(text) ?? false, "\(error?.message ?? "")")
    }
}
