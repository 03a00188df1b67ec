import CloudEvents
import Synchronization

/// Pushes that a test has prepared: each new commit is the files that it changes on top of the branch.
package final class InMemoryGitPacks: GitPacks {
    private let files: any VersionedFiles
    private let prepared = Mutex<[String: [String: FileChange]]>([:])

    package init(files: any VersionedFiles) { self.files = files }

    /// What the commit of this id will bring.
    package func prepare(_ commit: String, _ changes: [String: FileChange]) {
        prepared.withLock { $0[commit] = changes }
    }

    package func uploadOffer(of repository: String, _ version: GitProtocolVersion) async throws -> [UInt8] {
        _ = try await files.branches(of: repository)
        return Array("offer".utf8)
    }

    @concurrent package func upload(
        _ request: [UInt8], of repository: String, _ version: GitProtocolVersion, _ write: APIResponse.Writer
    ) async throws {
        try await write(request)
    }

    @concurrent package func receive<Value: Sendable>(
        for repository: String, tips: [String], _ next: @concurrent () async throws -> [UInt8]?,
        _ body: @concurrent (any PushedCommits) async throws -> Value
    ) async throws -> Value {
        while try await next() != nil {}
        let commits = prepared.withLock { $0 }
        guard tips.allSatisfy({ commits[$0] != nil }) else {
            throw KeptnError(.invalidInput, "the push cannot be taken in: commits are missing")
        }
        return try await body(Push(files: files, repository: repository, commits: commits))
    }

    private struct Push: PushedCommits {
        let files: any VersionedFiles
        let repository: String
        let commits: [String: [String: FileChange]]

        func changes(from old: String, to new: String) async throws -> [PushedChange]? {
            commits[new]?.map { PushedChange($0.key, $0.value == .remove ? .removed : .written) }
                .sorted { $0.path < $1.path }
        }

        func read(_ path: RepositoryPath, at commit: String, upTo bytesMax: Int) async throws -> [UInt8]? {
            guard case .write(let bytes)? = commits[commit]?[path.text], bytes.count <= bytesMax else { return nil }
            return bytes
        }

        func accept(_ moves: [BranchMove]) async throws {
            for move in moves {
                let changes = try (commits[move.to] ?? [:]).map { (try RepositoryPath($0.key), $0.value) }
                let commit = try NewCommit(
                    message: "pushed", author: .keptn, time: Timestamp(seconds: 0),
                    changes: Dictionary(changes) { $1 })
                _ = try await files.commit(commit, to: move.branch, in: repository, expecting: move.from)
            }
        }
    }
}
