import ArgumentParser
import Core
import Ports
import RemoteClients
import Subprocess

/// How somebody logs in at an identity provider (K §4.2).
struct OAuthOptions: ParsableArguments {
    @Flag(help: "Log in at an identity provider, in a browser.") var oauth = false
    @Option(help: "The provider: its URL, or that of its discovery document.") var oauthDiscovery: String?
    @Option(help: "The name under which the provider knows this program.") var oauthClientId: String?
    @Option(help: "The secret that belongs to it, where the provider wants one.") var oauthClientSecret: String?
    @Option(help: "A scope to ask for besides 'openid'; repeatable.") var oauthScopes: [String] = []
    @Option(help: "The port of this machine to which the browser comes back; 0 takes a free one.") var oauthPort = 3000
    @Flag(help: "Forget the login of this context.") var oauthLogout = false

    func validate() throws {
        if oauth, oauthLogout { throw ValidationError("--oauth and --oauth-logout exclude each other") }
    }

    /// Sends somebody to the provider and waits until they are back.
    /// - Parameter old: the login before, whose provider and client count where nothing is said.
    func logIn(after old: StoredLogin?, _ terminal: Terminal) async throws -> StoredLogin {
        guard let discovery = oauthDiscovery ?? old?.discoveryURL, let id = oauthClientId ?? old?.client.id else {
            throw KeptnError(
                .invalidInput,
                "keptn auth --oauth needs --oauth-discovery and --oauth-client-id, such as: keptn auth --oauth "
                    + "--endpoint URL --oauth-discovery https://id.example.com --oauth-client-id keptn-cli")
        }
        let isDocument = discovery.contains("/.well-known/")
        let client = OAuthLogin.Client(
            id: id, secret: oauthClientSecret ?? old?.client.secret,
            scopes: oauthScopes.isEmpty ? old?.client.scopes ?? [] : oauthScopes.flatMap(Self.words))
        let url = isDocument ? discovery : OpenIDProvider.discoveryURL(of: discovery)
        let login = OAuthLogin(
            discoveryURL: url, client: client, requester: WebRequester(), time: SystemTime())
        let tokens = try await login.logIn(port: oauthPort) { page in
            terminal.info("Log in with your browser at:\n\(page)")
            await Self.open(page)
        }
        return StoredLogin(discoveryURL: url, client: client, tokens: tokens)
    }

    private static func words(_ text: String) -> [String] {
        text.split { $0 == "," || $0 == " " }.map(String.init)
    }

    /// Starts the user's browser, `$BROWSER` or the desktop's, and leaves it alone. Where there is none, the person has
    /// the URL to copy.
    static func open(_ page: String) async {
        _ = try? await SystemTime().withDeadline(.seconds(10), "the browser") {
            try await Subprocess.run(
                .name("sh"), arguments: ["-c", "${BROWSER:-xdg-open} \"$1\" >/dev/null 2>&1 &", "keptn", page],
                input: .none, output: .discarded, error: .discarded)
        }
    }
}
