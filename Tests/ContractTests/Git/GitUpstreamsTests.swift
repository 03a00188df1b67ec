import Foundation
import GitRepositories
import Ports
import TestSupport
import Testing

private typealias Contract = GitUpstreamsContract

/// The contract of `GitUpstreams` on the double, and on libgit2 against real servers.
///
/// One after the other: beside an SSH login that is refused another exchange can stand still (docs/limits.md).
@Suite("GitUpstreams", .serialized, .timeLimit(.minutes(5)))
struct GitUpstreamsTests {
    enum Way: String, CaseIterable {
        case inMemory, ownCertificate, unverified, proxy, sshPassphrase, ssh
    }

    static let ways = GitServers.missing.isEmpty ? Way.allCases : [.inMemory]

    @Test(
        "The programs for the real servers are installed",
        .disabled(if: !GitServers.missing.isEmpty, "not installed: \(GitServers.missing.joined(separator: ", "))"))
    func programs() { #expect(Self.ways == Way.allCases) }

    @Test("Commits travel both ways, and nobody's is lost", arguments: ways)
    func exchange(_ way: Way) async throws { try await with(way) { try await Contract.exchange($0) } }

    @Test("A repository is made from an upstream", arguments: ways)
    func importing(_ way: Way) async throws { try await with(way) { try await Contract.importing($0) } }

    @Test("A bad token or key and an unknown repository are errors of their own", arguments: ways)
    func refusals(_ way: Way) async throws { try await with(way) { try await Contract.refusals($0) } }

    @Test(
        "What answers, but not as a Git server, is told apart", .enabled(if: GitServers.missing.isEmpty),
        arguments: [
            ("page", KeptnError.Code.notFound, "not found"), ("elsewhere", .invalidInput, "https://localhost/"),
        ])
    func oddServers(_ path: String, _ code: KeptnError.Code, _ text: String) async throws {
        try await GitServers.with { servers in
            let git = try await GitRepositories(folder: "\(servers.folder)/ours")
            let error = await #expect(throws: KeptnError.self) {
                try await git.branches(at: try servers.https { $0.path = path })
            }
            #expect(error?.code == code)
            #expect(error?.message.contains(text) ?? false, "\(error?.message ?? "")")
        }
    }

    @Test(
        "Without the certificate, or with a bad password for the proxy, nothing goes",
        .enabled(if: GitServers.missing.isEmpty))
    func refusedOnTheWay() async throws {
        try await GitServers.with { servers in
            let git = try await GitRepositories(folder: "\(servers.folder)/ours")
            let unknownAuthority = await #expect(throws: KeptnError.self) {
                try await git.branches(at: try servers.https { $0.certificate = nil })
            }
            #expect(unknownAuthority?.code == .unavailable, "\(unknownAuthority?.message ?? "")")
            let proxy = await #expect(throws: KeptnError.self) {
                try await git.branches(at: try servers.https { $0.proxyPassword = "wrong" })
            }
            #expect(proxy?.code == .failedDependency, "\(proxy?.message ?? "")")
        }
    }

    @Test("An upstream that takes the connection and says nothing is given up", arguments: ["https", "ssh"])
    func silence(_ scheme: String) async throws {
        try await withTemporaryFolder { folder in
            let silent = try SilentServer()
            defer { silent.stop() }
            let git = try await GitRepositories(folder: folder, exchangeTime: .milliseconds(100))
            let access: GitCredentials.Access =
                scheme == "ssh"
                ? .ssh(.init(privateKey: "-----BEGIN PRIVATE KEY-----")) : .https(.init(token: "token"))
            let upstream = try GitCredentials(
                remoteURL: "\(scheme)://127.0.0.1:\(silent.port)/repository", user: "git", access: access)
            let error = await #expect(throws: KeptnError.self) { try await git.branches(at: upstream) }
            #expect(error?.code == .unavailable, "\(error?.message ?? "")")
        }
    }

    private func with(_ way: Way, _ body: (Contract.World) async throws -> Void) async throws {
        guard way != .inMemory else { return try await body(try inMemory()) }
        try await GitServers.with { servers in
            let git = try await GitRepositories(folder: "\(servers.folder)/ours")
            let (upstream, refused, unknown) = try servers.credentials(way)
            let repository = servers.repository
            try await body(
                Contract.World(
                    files: git, upstreams: git, upstream: upstream, refused: refused, unknown: unknown,
                    commitThere: { try await commit($1, to: $0, in: repository) }))
        }
    }

    private func inMemory() throws -> Contract.World {
        let files = InMemoryVersionedFiles()
        let upstreams = InMemoryUpstreams(for: files)
        let url = "https://git.example.com/sockshop.git"
        upstreams.add(url)
        return Contract.World(
            files: files, upstreams: upstreams,
            upstream: try GitCredentials(remoteURL: url, access: .https(.init(token: "token"))),
            refused: try GitCredentials(remoteURL: url, access: .https(.init(token: "wrong"))),
            unknown: try GitCredentials(remoteURL: url + "x", access: .https(.init(token: "token"))),
            commitThere: {
                try await upstreams.commit(try VersionedFilesContract.write($1, "theirs"), to: $0, at: url)
            })
    }
}

extension GitServers {
    fileprivate func credentials(
        _ way: GitUpstreamsTests.Way
    ) throws -> (upstream: GitCredentials, refused: GitCredentials, unknown: GitCredentials) {
        func all(_ setUp: (inout HTTPSWay) -> Void) throws -> (GitCredentials, GitCredentials, GitCredentials) {
            (
                try https(setUp),
                try https {
                    setUp(&$0)
                    $0.token = "wrong"
                },
                try https {
                    setUp(&$0)
                    $0.path = "git/unknown.git"
                }
            )
        }
        switch way {
        case .inMemory, .ownCertificate: return try all { _ in }
        case .unverified:
            return try all {
                $0.certificate = nil
                $0.isUnverified = true
            }
        case .proxy: return try all { $0.proxyPassword = "password" }
        case .sshPassphrase:
            return (
                try ssh(ed25519, passphrase: "secret"), try ssh(ed25519, passphrase: "wrong"),
                try ssh(ed25519, passphrase: "secret", repository: "\(folder)/git/unknown.git")
            )
        case .ssh:
            return (try ssh(ecdsa), try ssh(stranger), try ssh(ecdsa, repository: "\(folder)/git/unknown.git"))
        }
    }
}

/// Commits a file to a bare repository with Git itself.
private func commit(_ file: String, to branch: String, in repository: String) async throws {
    let blob = try await git(repository, input: "theirs", "hash-object", "-w", "--stdin").dropLast()
    let before = try await git(repository, "ls-tree", branch)
    let tree = try await git(repository, input: before + "100644 blob \(blob)\t\(file)\n", "mktree").dropLast()
    let commit = try await git(repository, "commit-tree", String(tree), "-p", branch, "-m", "theirs").dropLast()
    _ = try await git(repository, "update-ref", "refs/heads/\(branch)", String(commit))
}

/// Takes connections and never answers.
private struct SilentServer {
    let port: UInt16
    private let descriptor: Int32

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 8) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(isBound)
        port = UInt16(bigEndian: address.sin_port)
    }

    func stop() { close(descriptor) }
}
