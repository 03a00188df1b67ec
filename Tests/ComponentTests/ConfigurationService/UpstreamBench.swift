import ConfigurationService
import Logging
import Ports

/// A configuration service over repositories, upstreams and secrets in memory.
struct UpstreamBench {
    let files = InMemoryVersionedFiles()
    let git: InMemoryUpstreams
    let secrets = InMemorySecretStore()
    let time = ManualTime()
    let requester: InMemoryHTTPRequester
    let service: ConfigurationService

    init(
        denied: [String] = [], provisioningURL: String? = nil, hidesProvisioned: Bool = false,
        _ answer: @escaping @Sendable (OutgoingRequest) throws -> IncomingResponse = { _ in
            IncomingResponse(status: 500)
        }
    ) throws {
        git = InMemoryUpstreams(for: files)
        requester = InMemoryHTTPRequester(answer)
        service = ConfigurationService(
            files: files,
            upstreams: try Upstreams(
                git: git, secrets: secrets, requester: requester, denied: denied,
                provisioningURL: provisioningURL, hidesProvisioned: hidesProvisioned),
            time: time, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// As after a start of the server.
    func another(provisioningURL: String? = nil) throws -> ConfigurationService {
        ConfigurationService(
            files: files,
            upstreams: try Upstreams(
                git: git, secrets: secrets, requester: requester, provisioningURL: provisioningURL),
            time: time, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    func state() async throws -> UpstreamStatus.State? { try await service.upstream(of: "sockshop")?.status.state }

    func commit(_ file: String, _ bytes: [UInt8] = [1], to branch: String, at url: String) async throws {
        let new = try NewCommit(
            message: "theirs", author: CommitAuthor(name: "other", email: "other@example.com"), time: time.now,
            changes: [RepositoryPath(file): .write(bytes)])
        try await git.commit(new, to: branch, at: url)
    }
}
