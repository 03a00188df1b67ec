package import Ports
import Synchronization

/// A folder of bare Git repositories, `NAME.git` each, by libgit2.
///
/// Every blocking call runs on one of a few threads of its own: a repository has one for reading and one for writing,
/// so that reads do not wait for a write's sync, and writes of one repository follow one another.
package final class GitRepositories: VersionedFiles {
    private let readers: [GitLane]
    private let writers: [GitLane]
    private let exchangers: [GitLane]
    let exchangeTime: Duration
    /// How many Git clients are served at once, and how long one request of theirs may take.
    static let servedMax = 8
    let served = Mutex(0)
    let servingTime = Duration.seconds(600)
    let time: any TimeSource

    /// Prepares the folder: makes it, and removes what a crash has left there. One process at a time may use it so.
    /// - Parameters:
    ///   - lanes: threads for reading, and as many for writing and for the exchange with upstreams.
    ///   - exchangeTime: how long one exchange with an upstream may take.
    package init(
        folder path: String, lanes: Int = 2, exchangeTime: Duration = .seconds(60), time: any TimeSource = SystemTime()
    ) async throws {
        try LibGit2.start()
        let folder = RepositoryFolder(path: path)
        readers = (0..<lanes).map { _ in GitLane(folder: folder) }
        writers = (0..<lanes).map { _ in GitLane(folder: folder) }
        exchangers = (0..<lanes).map { _ in GitLane(folder: folder) }
        self.exchangeTime = exchangeTime
        self.time = time
        try await writer("").onFolder { try $0.prepare() }
    }

    func reader(_ repository: String) -> GitLane { readers[Self.lane(of: repository, readers.count)] }
    func writer(_ repository: String) -> GitLane { writers[Self.lane(of: repository, writers.count)] }

    func exchanger(_ upstream: String) -> GitLane { exchangers[Self.lane(of: upstream, exchangers.count)] }

    private static func lane(of repository: String, _ count: Int) -> Int {
        Int(repository.hashValue.magnitude % UInt(count))
    }

    package func repositories() async throws -> [String] {
        try await reader("").onFolder { try $0.repositories() }
    }

    package func create(_ repository: String, root: NewCommit, branches: [NewBranch]) async throws {
        try RepositoryNames.check(repository: repository)
        for branch in branches { try RepositoryNames.check(branch: branch.name) }
        guard let head = branches.first?.name else {
            throw KeptnError(.invalidInput, "repository '\(repository)' needs at least one branch")
        }
        try await writer(repository).onFolder { folder in
            if try folder.exists(repository) {
                throw KeptnError(.conflict, "repository '\(repository)' exists already")
            }
            try folder.create(repository) { path in
                let new = try GitRepository(creating: repository, at: path, head: head)
                let root = try new.write(root, onto: nil)
                for branch in branches {
                    try new.move(branch.name, from: nil, to: try new.write(branch.commit, onto: root.hex))
                }
            }
        }
        await forget(repository)
    }

    package func remove(_ repository: String) async throws {
        try await writer(repository).onFolder { try $0.remove(repository) }
        await forget(repository)
    }

    func forget(_ repository: String) async {
        await writer(repository).forget(repository)
        await reader(repository).forget(repository)
    }

    package func branches(of repository: String) async throws -> [String] {
        try await reader(repository).with(repository) { try $0.branches() }
    }

    package func head(of branch: String, in repository: String) async throws -> String? {
        try await reader(repository).with(repository) { git in
            if let tip = try git.tip(of: branch) { return tip.hex }
            // The repository may be gone while it is still open here.
            guard git.isThere else { throw RepositoryFolder.unknown(repository) }
            return nil
        }
    }

    package func contains(_ commit: String, branch: String, in repository: String) async throws -> Bool {
        try await reader(repository).with(repository) { try $0.contains(commit, branch: branch) }
    }

    package func read(_ path: RepositoryPath, at commit: String, in repository: String) async throws -> [UInt8]? {
        try await reader(repository).with(repository) { try $0.read(path, at: commit) }
    }

    package func size(of path: RepositoryPath, at commit: String, in repository: String) async throws -> Int? {
        try await reader(repository).with(repository) { try $0.size(of: path, at: commit) }
    }

    package func content(of path: RepositoryPath, at commit: String, in repository: String) async throws -> String? {
        try await reader(repository).with(repository) { try $0.content(of: path, at: commit) }
    }

    package func paths(
        under folder: RepositoryPath?, at commit: String, in repository: String
    ) async throws -> [RepositoryPath] {
        try await reader(repository).with(repository) { try $0.paths(under: folder, at: commit) }
    }

    package func entries(
        of folder: RepositoryPath?, at commit: String, in repository: String
    ) async throws -> [FolderEntry] {
        try await reader(repository).with(repository) { try $0.entries(of: folder, at: commit) }
    }

    package func commit(
        _ new: NewCommit, to branch: String, in repository: String, expecting tip: String?
    ) async throws -> String {
        try RepositoryNames.check(branch: branch)
        return try await writer(repository).with(repository) { try $0.commit(new, to: branch, expecting: tip) }
    }

    package func log(of branch: String, in repository: String, limit: Int) async throws -> [CommitRecord] {
        try await reader(repository).with(repository) { try $0.log(of: branch, limit: limit) }
    }
}
