package import Ports
import Synchronization

/// Fetches and pushes of Git clients, a few at once. A push comes into a repository of its own that borrows the
/// objects of ours; when it is accepted, its pack moves over before the branches do.
extension GitRepositories: GitPacks {
    package func uploadOffer(of repository: String, _ version: GitProtocolVersion) async throws -> [UInt8] {
        let place = try await place(of: repository)
        return try await serving {
            try await git(in: place)
                .answer(["upload-pack", "--strict", "--stateless-rpc", "--http-backend-info-refs", place], version)
        }
    }

    @concurrent package func upload(
        _ request: [UInt8], of repository: String, _ version: GitProtocolVersion, _ write: APIResponse.Writer
    ) async throws {
        let place = try await place(of: repository)
        try await serving {
            try await git(in: place)
                .stream(["upload-pack", "--strict", "--stateless-rpc", place], input: request, version, write)
        }
    }

    @concurrent package func receive<Value: Sendable>(
        for repository: String, tips: [String], _ next: @concurrent () async throws -> [UInt8]?,
        _ body: @concurrent (any PushedCommits) async throws -> Value
    ) async throws -> Value {
        try await serving {
            let lane = reader(repository)
            let quarantine = try await lane.onFolder { try Quarantine(for: repository, in: $0) }
            do {
                try await takeIn(next, tips: tips, of: repository, quarantine)
                let value = try await body(Push(quarantine, reading: lane, writing: writer(repository)))
                try await lane.onFolder { _ in quarantine.discard() }
                return value
            } catch {
                try await lane.onFolder { _ in quarantine.discard() }
                throw error
            }
        }
    }

    /// As `git receive-pack` does: git checks every object, then that nothing is missing.
    @concurrent private func takeIn(
        _ next: @concurrent () async throws -> [UInt8]?, tips: [String], of repository: String,
        _ quarantine: Quarantine
    ) async throws {
        let git = git(in: quarantine.repository)
        do {
            try await git.feed(["index-pack", "--stdin", "--fix-thin", "--strict"], next)
            let known = try await reader(repository).with(repository) { repository in
                try repository.branches().compactMap { try repository.tip(of: $0)?.hex }
            }
            let ids = tips + known.map { "^\($0)" }
            _ = try await git.answer(
                ["rev-list", "--objects", "--quiet", "--stdin"], input: Array(ids.map { "\($0)\n" }.joined().utf8))
        } catch let error as GitFailure {
            throw KeptnError(.invalidInput, "the push cannot be taken in: \(error.reason)")
        }
    }

    private func git(in folder: String) -> GitProcess { GitProcess(folder: folder, time: time, timeMax: servingTime) }

    private func place(of repository: String) async throws -> String {
        try await reader(repository).onFolder { folder in
            guard try folder.exists(repository) else { throw RepositoryFolder.unknown(repository) }
            return try folder.path(of: repository)
        }
    }

    /// Refuses a client more than can be served at once.
    @concurrent private func serving<Value: Sendable>(
        _ body: @concurrent () async throws -> Value
    ) async throws -> Value {
        let isFree = served.withLock { count in
            guard count < Self.servedMax else { return false }
            count += 1
            return true
        }
        guard isFree else {
            throw KeptnError(.unavailable, "\(Self.servedMax) Git clients are served already; try again later")
        }
        defer { served.withLock { $0 -= 1 } }
        return try await body()
    }
}

/// A push whose objects were taken in.
private struct Push: PushedCommits {
    private let quarantine: Quarantine
    private let reader: GitLane
    private let writer: GitLane

    init(_ quarantine: Quarantine, reading reader: GitLane, writing writer: GitLane) {
        self.quarantine = quarantine
        self.reader = reader
        self.writer = writer
    }

    func changes(from old: String, to new: String) async throws -> [PushedChange]? {
        try await reader.onFolder { _ in try quarantine.open().changes(from: old, to: new) }
    }

    func read(_ path: RepositoryPath, at commit: String, upTo bytesMax: Int) async throws -> [UInt8]? {
        try await reader.onFolder { _ in
            let repository = try quarantine.open()
            guard let size = try repository.size(of: path, at: commit), size <= bytesMax else { return nil }
            return try repository.read(path, at: commit)
        }
    }

    func accept(_ moves: [BranchMove]) async throws {
        try await writer.with(quarantine.name) { repository in
            for move in moves where try repository.tip(of: move.branch)?.hex != move.from {
                throw repository.hasMoved(move.branch)
            }
            try quarantine.giveObjects()
            for move in moves {
                try repository.move(move.branch, from: move.from, to: try repository.commit(move.to).id)
            }
        }
    }
}
