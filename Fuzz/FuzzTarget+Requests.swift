import CloudEvents
import Core
import Ports

/// Bodies, headers and queries of requests.
extension FuzzTarget {
    static let requests = [
        FuzzTarget(name: "multipart") { bytes in
            let (type, body) = bytes.line
            guard let boundary = Multipart.boundary(of: type) else { return }
            let field = Multipart.field("configPackage", in: body, boundary: boundary)
            require(field.map { $0.count < body.count } ?? true, "the field is larger than the form")
        },
        FuzzTarget(name: "query") { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            require(QueryText.parse(text).count <= text.utf8.count, "more fields than bytes")
            for plusIsBlank in [false, true] {
                let decoded = QueryText.decode(text, plusIsBlank: plusIsBlank)
                require(
                    decoded.unicodeScalars.count <= text.unicodeScalars.count,
                    "'\(text)' became the longer '\(decoded)'")
            }
        },
        FuzzTarget(name: "web-token") { bytes in
            // Header and claims as they are before they become Base64, or a whole token.
            let parts = bytes.documents.map { Base64.encodeURL($0) }
            let text = parts.count == 2 ? "\(parts[0]).\(parts[1]).c2ln" : String(decoding: bytes, as: UTF8.self)
            guard let token = JSONWebToken(text) else { return }
            require(token.claims.kind == .object, "claims that are no object: \(token.claims)")
            let policy = IdentityPolicy(issuer: "https://id.example.com", audience: "keptn")
            _ = try? policy.identity(of: token.claims, at: Timestamp(seconds: 1_800_000_000))
        },
        FuzzTarget(name: "event-filter") { _ = try? EventQuery(filter: String(decoding: $0, as: UTF8.self)) },
        FuzzTarget(name: "git-credentials") { bytes in
            guard let body = try? JSON(parsing: bytes), let credentials = try? GitCredentials.reading(body: body)
            else { return }
            require(
                (try? GitCredentials(credentials.json(withSecrets: true))) == credentials,
                "the credentials for \(credentials) are read back as others")
            let shown = credentials.json(withSecrets: false)
            let secrets = [shown["https", "token"], shown["https", "proxy", "password"], shown["ssh", "privateKey"]]
            require(secrets.allSatisfy { $0 == nil }, "secrets are shown")
        },
        FuzzTarget(name: "uniform-integration") { bytes in
            guard let body = try? JSON(parsing: bytes) else { return }
            let integration = UniformIntegration(reading: body, lastSeen: Timestamp(seconds: 0))
            let again = UniformIntegration(reading: integration.json, lastSeen: Timestamp(seconds: 0))
            require(again == integration, "\(integration.json) is read back as another integration")
            let filters = integration.subscriptions.map {
                SubscriptionFilter(patterns: [$0.event], projects: $0.projects)
            }
            _ = filters.filter {
                $0.matches(type: "sh.keptn.event.test.triggered", project: "p", stage: nil, service: nil)
            }
        },
        FuzzTarget(name: "repository-path") { bytes in
            guard let path = try? RepositoryPath(String(decoding: bytes, as: UTF8.self)) else { return }
            require(path.parts.joined(separator: "/").utf8.elementsEqual(path.text.utf8), "\(path) has other parts")
            require(!path.parts.contains { ["", ".", "..", ".git"].contains($0) }, "\(path) leads somewhere else")
            for folder in path.folders {
                require((try? RepositoryPath(folder.text)) == folder, "the folder \(folder) of \(path) is no path")
                require(path.isBelow(folder), "\(path) is not in its folder \(folder)")
            }
        },
        FuzzTarget(name: "import-template") { bytes in
            guard let template = try? ImportTemplate(String(decoding: bytes, as: UTF8.self)) else { return }
            _ = try? template.rendered(with: ["Context": ["name": "carts"], "Inputs": ["project": "sockshop"]])
        },
        FuzzTarget(name: "artifact-reference") { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            guard let artifact = ArtifactReference(text) else { return }
            require(artifact.description.utf8.elementsEqual(text.utf8), "'\(text)' became '\(artifact)'")
        },
        FuzzTarget(name: "web-target") { bytes in
            // The URL, and where an answer redirects to.
            let line = bytes.line
            guard let target = try? WebTarget(line.first) else { return }
            let again = try? WebTarget(target.url)
            require(
                again?.url == target.url && again?.host == target.host && again?.port == target.port,
                "\(target.url) is read as \(again?.url ?? "nothing")")
            _ = try? target.following(String(decoding: line.rest, as: UTF8.self))
            _ = TargetPolicy(allowed: TargetPolicy.Pattern(line.first).map { [$0] } ?? []).objection(toName: target)
        },
    ]
}
