import CloudEvents
import KeptnModel

/// What the environment tells a distributor that runs beside an integration (K §2.14); names and defaults are Keptn's.
package struct SidecarSettings: Sendable, Hashable {
    /// The API's base, without a slash at the end, and the token for it.
    package var endpoint: String
    package var token: String
    /// Whether the API's certificate has to be one that the machine trusts.
    package var verifiesServer: Bool
    /// How the distributor shows an identity provider's token to the API, beside or instead of Keptn's.
    package var identity: Identity?
    /// Where the integration listens for events.
    package var recipient: String
    /// Types of events that are heard from the start; what is subscribed to later comes from the API.
    package var topics: [String]
    package var projects: [String]
    package var stages: [String]
    package var services: [String]
    /// Under which name the integration is known; replicas have the same.
    package var name: String
    package var metadata: UniformIntegration.Metadata
    package var isRegistered: Bool
    package var heartbeatInterval: Duration
    /// Failures in a row after which it gives up.
    package var heartbeatsMax: Int
    package var registrationInterval: Duration
    package var registrationsMax: Int
    /// Where the integration sends its events and reaches the API.
    package var proxyPort: Int
    package var proxyPath: String
    package var forwardingPath: String
    package var proxyBytesMax: Int
    package var proxyTimeout: Duration

    /// A program as an identity provider knows it (RFC 6749 section 4.4).
    package struct Identity: Sendable, Hashable {
        package var clientID: String
        package var clientSecret: String
        package var scopes: [String]
        /// The provider's discovery document, which names the token endpoint; not needed where that is given.
        package var discoveryURL: String
        package var tokenEndpoint: String?
    }

    /// Throws all mistakes at once.
    package init(environment: [String: String]) throws(Mistakes) {
        var reading = Reading(environment: environment)
        endpoint = reading.endpoint()
        token = reading.text("KEPTN_API_TOKEN")
        verifiesServer = !["false", "0", "f"].contains(reading.text("HTTP_SSL_VERIFY").lowercased())
        identity = reading.identity()
        recipient = reading.recipient()
        topics = reading.list("PUBSUB_TOPIC")
        (projects, stages, services) = (
            reading.list("PROJECT_FILTER"), reading.list("STAGE_FILTER"), reading.list("SERVICE_FILTER")
        )
        name = reading.text("PUBSUB_GROUP", reading.text("K8S_DEPLOYMENT_NAME"))
        if name.isEmpty {
            reading.mistakes.append("K8S_DEPLOYMENT_NAME is missing: the name of the integration")
        }
        metadata = UniformIntegration.Metadata(
            hostname: reading.text("K8S_NODE_NAME", "keptn-node"), integrationVersion: reading.text("VERSION"),
            distributorVersion: reading.text("DISTRIBUTOR_VERSION"), location: reading.location(),
            namespace: reading.text("K8S_NAMESPACE", "keptn"), podName: reading.text("K8S_POD_NAME"),
            deploymentName: reading.text("K8S_DEPLOYMENT_NAME"), lastSeen: Timestamp(nanoseconds: 0))
        isRegistered = !reading.isTrue("DISABLE_REGISTRATION")
        heartbeatInterval = reading.duration("HEARTBEAT_INTERVAL", .seconds(10))
        heartbeatsMax = reading.number("MAX_HEARTBEAT_RETRIES", 10, 1...1_000_000)
        registrationInterval = reading.duration("REGISTRATION_INTERVAL", .seconds(10))
        registrationsMax = reading.number("MAX_REGISTRATION_RETRIES", 10, 1...1_000_000)
        proxyPort = reading.number("API_PROXY_PORT", 8081, 0...65_535)
        proxyPath = reading.path("API_PROXY_PATH", "/")
        forwardingPath = reading.path("EVENT_FORWARDING_PATH", "/event")
        proxyBytesMax = reading.number("API_PROXY_MAX_PAYLOAD_BYTES_KB", 64, 1...1_048_576) * 1024
        proxyTimeout = .seconds(reading.number("API_PROXY_HTTP_TIMEOUT", 30, 1...86_400))
        if !reading.mistakes.isEmpty { throw Mistakes(list: reading.mistakes) }
    }

    /// Which of the replicas this is: the pod's name, which stays the same when its containers begin anew.
    package func replica(orElse random: String) -> String { metadata.podName.isEmpty ? random : metadata.podName }

    /// What is heard without asking the API.
    package var subscriptions: [UniformSubscription] {
        topics.enumerated().map { number, topic in
            UniformSubscription(id: "\(number)", event: topic, projects: projects, stages: stages, services: services)
        }
    }

    /// What is wrong with the environment: variable, value, and what would be right.
    package struct Mistakes: Error, Sendable, Hashable, CustomStringConvertible {
        package let list: [String]
        package var description: String { list.joined(separator: "\n") }
    }
}

private struct Reading {
    let environment: [String: String]
    var mistakes: [String] = []

    /// An empty variable is none.
    func text(_ name: String, _ standard: String = "") -> String {
        environment[name].flatMap { $0.isEmpty ? nil : $0 } ?? standard
    }

    func list(_ name: String) -> [String] {
        text(name).split(separator: ",").map { $0.filter { $0 != " " } }.filter { !$0.isEmpty }
    }

    func isTrue(_ name: String) -> Bool { ["true", "1", "t"].contains(text(name).lowercased()) }

    mutating func endpoint() -> String {
        var url = text("KEPTN_API_ENDPOINT")
        while url.hasSuffix("/") { url.removeLast() }
        if !url.hasPrefix("http://"), !url.hasPrefix("https://") {
            mistakes.append(
                "KEPTN_API_ENDPOINT is '\(url)'; the API's address is needed, such as http://127.0.0.1:8080/api")
        }
        return url
    }

    /// All of its variables are there, or none.
    mutating func identity() -> SidecarSettings.Identity? {
        let identity = SidecarSettings.Identity(
            clientID: text("OAUTH_CLIENT_ID"), clientSecret: text("OAUTH_CLIENT_SECRET"), scopes: list("OAUTH_SCOPES"),
            discoveryURL: text("OAUTH_DISCOVERY"),
            tokenEndpoint: text("OAUTH_TOKEN_URL").isEmpty ? nil : text("OAUTH_TOKEN_URL"))
        let parts = [
            ("OAUTH_CLIENT_ID", identity.clientID), ("OAUTH_CLIENT_SECRET", identity.clientSecret),
            ("OAUTH_SCOPES", identity.scopes.joined()),
            ("OAUTH_DISCOVERY or OAUTH_TOKEN_URL", identity.discoveryURL + (identity.tokenEndpoint ?? "")),
        ]
        let missing = parts.filter(\.1.isEmpty)
        guard !missing.isEmpty else { return identity }
        if missing.count < parts.count {
            mistakes += missing.map { "\($0.0) is missing: logins at an identity provider need all of OAUTH_*" }
        }
        return nil
    }

    mutating func recipient() -> String {
        let host = text("PUBSUB_RECIPIENT", "http://127.0.0.1")
        let port = number("PUBSUB_RECIPIENT_PORT", 8080, 1...65_535)
        let path = text("PUBSUB_RECIPIENT_PATH")
        let slash = path.isEmpty || path.hasPrefix("/") ? "" : "/"
        return "\(host.contains("://") ? "" : "http://")\(host):\(port)\(slash)\(path)"
    }

    func location() -> String {
        text("LOCATION", "remote-execution-plane")
    }

    mutating func path(_ name: String, _ standard: String) -> String {
        let path = text(name, standard)
        if !path.hasPrefix("/") { mistakes.append("\(name) is '\(path)'; a path that begins with / is needed") }
        return path
    }

    mutating func number(_ name: String, _ standard: Int, _ range: ClosedRange<Int>) -> Int {
        let text = text(name, String(standard))
        guard let number = Int(text), range.contains(number) else {
            mistakes.append(
                "\(name) is '\(text)'; a whole number from \(range.lowerBound) to \(range.upperBound) is needed")
            return standard
        }
        return number
    }

    mutating func duration(_ name: String, _ standard: Duration) -> Duration {
        guard let text = environment[name], !text.isEmpty else { return standard }
        guard let duration = Duration(go: text), duration > .zero else {
            mistakes.append("\(name) is '\(text)'; a duration such as 10s or 1m is needed")
            return standard
        }
        return duration
    }
}
