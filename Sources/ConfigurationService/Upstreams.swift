import CloudEvents
import FoundationEssentials
package import Ports

/// What the service needs for Git upstreams, and the rules for them.
package struct Upstreams: Sendable {
    static let secretKey = "git-credentials"
    static let secretScope = "keptn-resource-service"
    private static let provisioningTime = Duration.seconds(30)

    let git: any GitUpstreams
    let secrets: any SecretStore
    private let requester: any HTTPRequester
    private let denied: [String]
    /// Of the service that makes repositories (K §2.3.7); nil when there is none.
    let provisioningURL: String?
    /// Whether users do not get to know where its repositories are.
    let hidesProvisioned: Bool
    private let namespace: String

    /// - Parameters:
    ///   - denied: regular expressions of URLs that must not be used; the first that matches forbids.
    ///   - provisioningURL: of a service that makes repositories for projects that name none.
    ///   - hidesProvisioned: keeps from users where those repositories are.
    ///   - namespace: what that service is told besides the project's name.
    package init(
        git: any GitUpstreams, secrets: any SecretStore, requester: any HTTPRequester, denied: [String] = [],
        provisioningURL: String? = nil, hidesProvisioned: Bool = false, namespace: String = "keptn"
    ) throws {
        for pattern in denied where (try? Regex(pattern)) == nil {
            throw KeptnError(.invalidInput, "'\(pattern)' in the deny list of Git URLs is no regular expression")
        }
        self.git = git
        self.secrets = secrets
        self.requester = requester
        self.denied = denied
        self.provisioningURL = provisioningURL
        self.hidesProvisioned = hidesProvisioned
        self.namespace = namespace
    }

    /// Throws `.forbiddenByRule` for a URL on the deny list.
    func check(_ credentials: GitCredentials) throws {
        let match = denied.first { pattern in
            (try? Regex(pattern)).map { credentials.remoteURL.contains($0) } ?? false
        }
        if let match {
            throw KeptnError(
                .forbiddenByRule, "the remote URL '\(credentials)' is forbidden here by the rule '\(match)'")
        }
    }
}

// MARK: - Credentials

extension Upstreams {
    static func secret(of project: String) -> SecretName {
        SecretName("git-credentials-\(project)", scope: secretScope)
    }

    static func draft(of project: String) -> SecretName {
        SecretName("tmp-git-credentials-\(project)", scope: secretScope)
    }

    /// How a project comes to its upstream: pushed to it, or imported from it.
    enum Creation: String { case push, `import` }

    /// - Parameter creation: Of the project that is being made; nil for one that is there.
    func save(
        _ credentials: GitCredentials, isProvisioned: Bool, creation: Creation? = nil, as secret: SecretName
    ) async throws {
        var values = [Self.secretKey: credentials.json(withSecrets: true).text]
        if isProvisioned { values["provisioned"] = "true" }
        values["creation"] = creation?.rawValue
        try await secrets.save(values, as: secret)
    }

    typealias Known = (credentials: GitCredentials, isProvisioned: Bool, creation: Creation?)

    /// The names of all projects with an upstream.
    func projects() async throws -> [String] { try await projects(with: Self.secret) }

    /// The names of all projects that are getting an upstream.
    func drafts() async throws -> [String] { try await projects(with: Self.draft) }

    private func projects(with secret: (String) -> SecretName) async throws -> [String] {
        let prefix = secret("").name
        return try await secrets.secrets().map(\.secret)
            .filter { $0.scope == Self.secretScope && $0.name.hasPrefix(prefix) }
            .map { String($0.name.dropFirst(prefix.count)) }
    }

    /// Nil when the project has no upstream. Throws when its secret cannot be decrypted or holds no credentials.
    func load(_ project: String) async throws -> Known? { try await load(Self.secret(of: project)) }

    func load(_ secret: SecretName) async throws -> Known? {
        guard let values = try await secrets.values(of: secret), let text = values[Self.secretKey] else { return nil }
        do {
            return (
                try GitCredentials(try JSON(parsing: text)), values["provisioned"] == "true",
                values["creation"].flatMap(Creation.init)
            )
        } catch {
            // Not the error itself: it may quote what is secret.
            throw KeptnError(.invalidInput, "the secret '\(secret.name)' holds no Git credentials")
        }
    }
}

// MARK: - Provisioning

extension Upstreams {
    /// Has a repository made. Throws `.failedDependency` when the provisioning service does not.
    func provision(_ project: String, at url: String) async throws -> GitCredentials {
        let answer = try await ask("POST", url, project)
        guard let json = try? JSON(parsing: answer.body), let remote = json["gitRemoteURL"]?.stringValue,
            let token = json["gitToken"]?.stringValue, let user = json["gitUser"]?.stringValue,
            let credentials = try? GitCredentials(remoteURL: remote, user: user, access: .https(.init(token: token)))
        else {
            throw KeptnError(
                .failedDependency, "the provisioning service answered without gitRemoteURL, gitToken and gitUser")
        }
        return credentials
    }

    func unprovision(_ project: String, at url: String) async throws {
        _ = try await ask("DELETE", url, project)
    }

    /// The service's address stays out of all messages: it may hold a secret (K §6.5).
    private func ask(_ method: String, _ url: String, _ project: String) async throws -> IncomingResponse {
        let body: JSON = ["project": .string(project), "namespace": .string(namespace)]
        let base = url.hasSuffix("/") ? String(url.dropLast()) : url
        let answer: IncomingResponse
        do {
            answer = try await requester.send(
                OutgoingRequest(
                    method: method, url: "\(base)/repository", headers: ["Content-Type": "application/json"],
                    body: Array(body.bytes), timeout: Self.provisioningTime))
        } catch let failure as RequestFailure {
            throw KeptnError(.failedDependency, "the provisioning service gave no answer (\(failure.kind))")
        }
        guard (200..<300).contains(answer.status) else {
            throw KeptnError(.failedDependency, "the provisioning service answered with status \(answer.status)")
        }
        return answer
    }
}
