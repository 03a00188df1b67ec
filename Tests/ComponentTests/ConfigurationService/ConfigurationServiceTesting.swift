import CloudEvents
import ConfigurationService
import Logging
import Ports
import Synchronization
import Testing

/// A configuration service over repositories in memory, at a fixed time.
struct ConfigurationBench {
    let files: InterruptedFiles
    let service: ConfigurationService
    private let index = InMemoryServiceIndex()

    init(
        defaultBranch: String = "master", newLayout: Layout = .branches, charts: (any ChartArchives)? = nil
    ) {
        let files = InterruptedFiles()
        self.files = files
        service = ConfigurationService(
            files: files, charts: charts, index: index, time: ManualTime(), defaultBranch: defaultBranch,
            newLayout: newLayout, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// As after a start of the server: the same files and index, and nothing in memory.
    var restarted: ConfigurationService {
        ConfigurationService(
            files: files, index: index, time: ManualTime(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// With a project `sockshop` of the stages dev and prod.
    static func withSockshop() async throws -> ConfigurationBench {
        let bench = ConfigurationBench()
        try await bench.service.createProject("sockshop", shipyard: shipyard(["dev", "prod"]))
        return bench
    }

    /// The messages of a branch's commits, newest first.
    func log(_ branch: String) async throws -> [String] {
        try await files.log(of: branch, in: "sockshop", limit: 100).map(\.message)
    }
}

let sockshop = ConfigurationPlace(project: "sockshop")
let dev = ConfigurationPlace(project: "sockshop", stage: "dev")
let devCarts = ConfigurationPlace(project: "sockshop", stage: "dev", service: "carts")

func shipyard(_ stages: [String], task: String = "deployment") -> [UInt8] {
    var text = "apiVersion: spec.keptn.sh/0.2.3\nkind: Shipyard\nmetadata: {name: sockshop}\nspec:\n  stages:\n"
    for stage in stages {
        text += "  - name: \(stage)\n    sequences:\n    - name: delivery\n      tasks: [{name: \(task)}]\n"
    }
    return Array(text.utf8)
}

/// Expects an error of this code whose message contains the text.
func expect(
    _ code: KeptnError.Code, _ text: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async {
    let error = await #expect(throws: KeptnError.self, sourceLocation: sourceLocation) { try await body() }
    #expect(error?.code == code, "\(error?.message ?? "")", sourceLocation: sourceLocation)
    #expect(error?.message.contains(text) ?? false, "\(error?.message ?? "")", sourceLocation: sourceLocation)
}

/// Repositories in memory where somebody else may commit just before a commit of ours.
final class InterruptedFiles: VersionedFiles {
    private let files = InMemoryVersionedFiles()
    private let interruptions = Mutex(0)
    private let reads = Mutex(0)
    private let walks = Mutex(0)

    /// How many of the next commits find that somebody else was faster.
    func interrupt(times: Int) { interruptions.withLock { $0 = times } }

    /// How often a file or a folder was read.
    var readCount: Int { reads.withLock { $0 } }

    /// How often a commit was looked for in the history of a branch.
    var walkCount: Int { walks.withLock { $0 } }

    func commit(
        _ new: NewCommit, to branch: String, in repository: String, expecting tip: String?
    ) async throws -> String {
        let isInterrupted = interruptions.withLock { left in
            guard left > 0 else { return false }
            left -= 1
            return true
        }
        if isInterrupted {
            let path = try RepositoryPath("foreign-\(tip ?? "")")
            let foreign = try NewCommit(
                message: "somebody else's", author: CommitAuthor(name: "other", email: "other@example.com"),
                time: new.time, changes: [path: .write([])])
            _ = try await files.commit(foreign, to: branch, in: repository, expecting: tip)
        }
        return try await files.commit(new, to: branch, in: repository, expecting: tip)
    }

    func repositories() async throws -> [String] { try await files.repositories() }
    func create(_ repository: String, root: NewCommit, branches: [NewBranch]) async throws {
        try await files.create(repository, root: root, branches: branches)
    }
    func remove(_ repository: String) async throws { try await files.remove(repository) }
    func branches(of repository: String) async throws -> [String] { try await files.branches(of: repository) }
    func head(of branch: String, in repository: String) async throws -> String? {
        try await files.head(of: branch, in: repository)
    }
    func contains(_ commit: String, branch: String, in repository: String) async throws -> Bool {
        walks.withLock { $0 += 1 }
        return try await files.contains(commit, branch: branch, in: repository)
    }
    func read(_ path: RepositoryPath, at commit: String, in repository: String) async throws -> [UInt8]? {
        reads.withLock { $0 += 1 }
        return try await files.read(path, at: commit, in: repository)
    }
    func size(of path: RepositoryPath, at commit: String, in repository: String) async throws -> Int? {
        try await files.size(of: path, at: commit, in: repository)
    }
    func content(of path: RepositoryPath, at commit: String, in repository: String) async throws -> String? {
        try await files.content(of: path, at: commit, in: repository)
    }
    func paths(
        under folder: RepositoryPath?, at commit: String, in repository: String
    ) async throws -> [RepositoryPath] {
        try await files.paths(under: folder, at: commit, in: repository)
    }
    func entries(
        of folder: RepositoryPath?, at commit: String, in repository: String
    ) async throws -> [FolderEntry] {
        reads.withLock { $0 += 1 }
        return try await files.entries(of: folder, at: commit, in: repository)
    }
    func log(of branch: String, in repository: String, limit: Int) async throws -> [CommitRecord] {
        try await files.log(of: branch, in: repository, limit: limit)
    }
}
