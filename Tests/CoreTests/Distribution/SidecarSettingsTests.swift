import Core
import Testing

@Suite("The environment of a distributor")
struct SidecarSettingsTests {
    private static let least = [
        "KEPTN_API_ENDPOINT": "http://127.0.0.1:8080/api/", "K8S_DEPLOYMENT_NAME": "my-service",
    ]

    @Test("Defaults are Keptn's")
    func defaults() throws {
        let settings = try SidecarSettings(environment: Self.least)
        #expect(settings.endpoint == "http://127.0.0.1:8080/api")
        #expect(settings.recipient == "http://127.0.0.1:8080")
        #expect(settings.name == "my-service")
        #expect(settings.metadata.hostname == "keptn-node")
        #expect(settings.metadata.location == "remote-execution-plane")
        #expect(settings.isRegistered)
        #expect(settings.topics.isEmpty)
        #expect(settings.heartbeatInterval == .seconds(10))
        #expect(settings.proxyPort == 8081)
        #expect(settings.forwardingPath == "/event")
        #expect(settings.proxyBytesMax == 65536)
        #expect(settings.verifiesServer)
        #expect(settings.identity == nil)
    }

    @Test("Every variable counts")
    func all() throws {
        let settings = try SidecarSettings(
            environment: Self.least.merging([
                "PUBSUB_TOPIC": "sh.keptn.event.a.triggered, sh.keptn.event.b.>", "PUBSUB_RECIPIENT": "my-host",
                "PUBSUB_RECIPIENT_PORT": "9000", "PUBSUB_RECIPIENT_PATH": "in", "PUBSUB_GROUP": "group",
                "PROJECT_FILTER": "p1,p2", "STAGE_FILTER": "dev", "DISABLE_REGISTRATION": "true",
                "HEARTBEAT_INTERVAL": "1m", "API_PROXY_PORT": "0", "API_PROXY_PATH": "/x", "VERSION": "1.2",
            ]) { $1 })
        #expect(settings.recipient == "http://my-host:9000/in")
        #expect(settings.name == "group")
        #expect(settings.subscriptions.map(\.event) == ["sh.keptn.event.a.triggered", "sh.keptn.event.b.>"])
        #expect(settings.subscriptions.allSatisfy { $0.projects == ["p1", "p2"] && $0.stages == ["dev"] })
        #expect(!settings.isRegistered)
        #expect(settings.heartbeatInterval == .seconds(60))
        #expect(settings.metadata.integrationVersion == "1.2")
    }

    @Test("All mistakes are told at once, each with its variable and its value")
    func mistakes() {
        let mistakes = #expect(throws: SidecarSettings.Mistakes.self) {
            try SidecarSettings(environment: [
                "KEPTN_API_ENDPOINT": "keptn", "API_PROXY_PORT": "x", "HEARTBEAT_INTERVAL": "soon",
                "EVENT_FORWARDING_PATH": "event",
            ])
        }
        for text in [
            "KEPTN_API_ENDPOINT is 'keptn'", "K8S_DEPLOYMENT_NAME is missing", "API_PROXY_PORT is 'x'",
            "HEARTBEAT_INTERVAL is 'soon'", "EVENT_FORWARDING_PATH is 'event'",
        ] {
            #expect(mistakes?.list.contains { $0.hasPrefix(text) } == true, "\(text)")
        }
        #expect(mistakes?.list.count == 5)
    }

    private static let identity = [
        "OAUTH_CLIENT_ID": "id", "OAUTH_CLIENT_SECRET": "secret", "OAUTH_SCOPES": "openid,keptn:events",
        "OAUTH_DISCOVERY": "https://id.example/.well-known/openid-configuration",
    ]

    @Test("An identity provider, and an API whose certificate is not looked at")
    func remote() throws {
        let given = Self.least.merging(Self.identity) { $1 }.merging(["HTTP_SSL_VERIFY": "false"]) { $1 }
        let settings = try SidecarSettings(environment: given)
        #expect(!settings.verifiesServer)
        let identity = try #require(settings.identity)
        #expect(identity.clientID == "id" && identity.clientSecret == "secret")
        #expect(identity.scopes == ["openid", "keptn:events"])
        #expect(identity.discoveryURL == "https://id.example/.well-known/openid-configuration")
        #expect(identity.tokenEndpoint == nil)
    }

    @Test("Half an identity is a mistake, whatever lacks", arguments: identity.keys.sorted())
    func halfAnIdentity(lacking: String) {
        var given = Self.least.merging(Self.identity) { $1 }
        given[lacking] = nil
        let mistakes = #expect(throws: SidecarSettings.Mistakes.self) { try SidecarSettings(environment: given) }
        #expect(mistakes?.list.count == 1 && mistakes?.list.first?.hasPrefix(lacking) == true)
    }
}
