import CloudEvents
import Foundation
import Ports
import TestSupport
import Testing

/// Keptn's own test cases of these names (K §6.5), against the built server over HTTP and real Git servers.
@Suite("Upstream: Git repositories", .timeLimit(.minutes(5)), .enabled(if: GitServers.missing.isEmpty))
struct RepositoryTests {
    private static let shipyard = """
        apiVersion: spec.keptn.sh/0.2.2
        kind: Shipyard
        metadata: {name: shop}
        spec:
          stages:
          - {name: dev, sequences: [{name: delivery, tasks: [{name: deployment}]}]}
        """
    private static let projects = "/controlPlane/v1/project"

    private static func with(
        _ arguments: [String] = [], _ body: @Sendable @escaping (ServerOverHTTP) async throws -> Void
    ) async throws {
        try await KeptnProcess.withHome { keptn in
            _ = try await keptn.withServer(arguments) { keptn in
                try await body(try ServerOverHTTP(keptn))
                return .gracefully
            }
        }
    }

    private static func project(_ upstream: GitCredentials? = nil) -> JSON {
        [
            "name": "shop", "shipyard": .string(Base64.encode(shipyard.utf8)),
            "gitCredentials": upstream?.json(withSecrets: true),
        ]
    }

    private static func branches(of repository: String) async throws -> [String] {
        try await git(repository, "for-each-ref", "--format=%(refname:short)").split(separator: "\n").map(String.init)
    }

    @Test("Test_CreateProjectWithCustomBranchName", arguments: [nil, "main-custom"])
    func customBranchName(_ branch: String?) async throws {
        try await GitServers.with { servers in
            let upstream = try servers.https()
            try await Self.with(branch.map { ["--default-git-branch", $0] } ?? []) { server in
                let made = try await server.send("POST", Self.projects, Self.project(upstream))
                #expect(made.status == 201, "\(made.json)")
            }
            #expect(try await Self.branches(of: servers.repository) == ["dev", branch ?? "master"])
        }
    }

    @Test("Test_SSHPublicKeyAuth")
    func sshPublicKeyAuth() async throws {
        try await GitServers.with { servers in
            try await Self.use(
                servers, try servers.ssh(servers.ed25519, passphrase: "secret"), then: try servers.ssh(servers.ecdsa),
                refused: try servers.ssh(servers.stranger))
        }
    }

    @Test("Test_ProxyAuth")
    func proxyAuth() async throws {
        try await GitServers.with { servers in
            try await Self.use(
                servers, try servers.https { $0.proxyPassword = "password" }, then: try servers.https(),
                refused: try servers.https { $0.proxyPassword = "wrong" })
        }
    }

    /// Creates a project with an upstream, changes a file and the credentials, and deletes the project.
    private static func use(
        _ servers: GitServers, _ upstream: GitCredentials, then other: GitCredentials, refused: GitCredentials
    ) async throws {
        try await with { server in
            #expect(try await server.send("POST", projects, project(refused)).status == 424)
            #expect(try await server.send("POST", projects, project(upstream)).status == 201)
            let shown = try await server.send("GET", projects + "/shop").json
            #expect(shown["gitCredentials"]?.text == upstream.json(withSecrets: false).text)

            let service = try await server.send("POST", projects + "/shop/service", ["serviceName": "cart"])
            #expect(service.status == 200)
            let folder = "/resource-service/v1/project/shop/stage/dev/service/cart/resource"
            let file: JSON = ["resourceURI": "a.txt", "resourceContent": .string(Base64.encode("a".utf8))]
            let written = try await server.send("POST", folder, ["resources": [file]])
            #expect(written.json["metadata", "upstreamURL"]?.stringValue == upstream.remoteURL)
            try await pushed(servers, written.json["commitID"])

            let name: JSON = ["name": "shop"]
            func update(_ credentials: GitCredentials) async throws -> Int {
                let body = name.setting("gitCredentials", to: credentials.json(withSecrets: true))
                return try await server.send("PUT", projects, body).status
            }
            #expect(try await update(refused) == 424)
            #expect(try await update(other) == 201)
            try await pushed(servers, try await server.send("DELETE", folder + "/a.txt").json["commitID"])
            #expect(try await server.send("DELETE", projects + "/shop").status == 200)
            #expect(try await branches(of: servers.repository) == ["dev", "master"])

            let imported: JSON = ["name": "again", "gitCredentials": other.json(withSecrets: true)]
            #expect(try await server.send("POST", projects, imported).status == 201)
            let services = try await server.send("GET", projects + "/again/stage/dev/service").json
            #expect(services["totalCount"] == 1)
        }
    }

    @Test("The command line takes a project over from its upstream")
    func takenOver() async throws {
        try await GitServers.with { servers in
            let upstream = try servers.https()
            let token = try #require(upstream.json(withSecrets: true)["https", "token"]?.stringValue)
            try await KeptnProcess.withHome { keptn in
                let certificate = keptn.home.appending(path: "certificate.pem").path
                try servers.certificate.write(toFile: certificate, atomically: true, encoding: .utf8)
                _ = try await keptn.withServer { keptn in
                    let server = try ServerOverHTTP(keptn)
                    #expect(try await server.send("POST", Self.projects, Self.project(upstream)).status == 201)
                    try await keptn.keptn("create", "service", "cart", "--project", "shop")
                    try await KeptnProcess.eventually("the service is in the upstream") {
                        try await git(servers.repository, "ls-tree", "dev").contains("cart")
                    }
                    try await keptn.keptn("delete", "project", "shop")
                    let taken = try await keptn.keptn(
                        "create", "project", "shop", "--git-remote-url", upstream.remoteURL, "--git-user", "keptn",
                        "--git-token", token, "--git-pem-certificate", certificate)
                    #expect(taken.code == 0, "\(taken.errors)")
                    #expect(try await keptn.keptn("get", "services", "-p", "shop").output.contains("cart"))
                    return .gracefully
                }
            }
        }
    }

    private static func pushed(_ servers: GitServers, _ commit: JSON?) async throws {
        let commit = try #require(commit?.stringValue)
        try await KeptnProcess.eventually("\(commit) is in the upstream") {
            try await git(servers.repository, "rev-parse", "dev").hasPrefix(commit)
        }
    }

    @Test("Test_ProvisioningURL")
    func provisioningURL() async throws { try await provision([], isHidden: false) }

    @Test("Test_ProvisioningURL_hiddenURL")
    func hiddenProvisioningURL() async throws { try await provision(["--hide-provisioned-url"], isHidden: true) }

    private func provision(_ arguments: [String], isHidden: Bool) async throws {
        try await GitServers.with { servers in
            let provisioner = "http://127.0.0.1:\(servers.httpPort)"
            try await Self.with(["--git-provisioning-url", provisioner] + arguments) { server in
                #expect(try await server.send("POST", Self.projects, Self.project()).status == 201)
                let shown = try await server.send("GET", Self.projects + "/shop").json
                #expect(shown["isUpstreamAutoProvisioned"] == true)
                #expect(shown["gitCredentials", "user"] == (isHidden ? "" : "keptn"))
                let url = servers.http("sockshop")
                #expect(shown["gitCredentials", "remoteURL"]?.stringValue == (isHidden ? "" : url))
                #expect(try await Self.branches(of: servers.repository) == ["dev", "master"])
                #expect(try await server.send("DELETE", Self.projects + "/shop").status == 200)
            }
        }
    }
}
