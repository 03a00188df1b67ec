import GitRepositories
import Ports
import TestSupport
import Testing

private typealias Contract = VersionedFilesContract

/// The contract of `VersionedFiles` on both implementations.
@Suite("VersionedFiles", .timeLimit(.minutes(5)))
struct VersionedFilesTests {
    enum Implementation: CaseIterable { case inMemory, git }

    private func with(
        _ implementation: Implementation, _ body: (any VersionedFiles) async throws -> Void
    ) async throws {
        switch implementation {
        case .inMemory: try await body(InMemoryVersionedFiles())
        case .git: try await withTemporaryFolder { try await body(try await GitRepositories(folder: $0)) }
        }
    }

    @Test("A repository comes whole, and goes", arguments: Implementation.allCases)
    func creatingAndRemoving(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.creatingAndRemoving($0) }
    }

    @Test("What does not exist is named", arguments: Implementation.allCases)
    func unknownThings(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.unknownThings($0) }
    }

    @Test("Names that Git could not keep are refused", arguments: Implementation.allCases)
    func refusedNames(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.refusedNames($0) }
    }

    @Test("Every file comes back byte for byte, whatever its name", arguments: Implementation.allCases)
    func contents(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.contentsComeBackAsTheyWere($0) }
    }

    @Test("Folders list what is in them, in order", arguments: Implementation.allCases)
    func listing(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.listing($0) }
    }

    @Test("Files and folders are told apart by their content", arguments: Implementation.allCases)
    func tellingApart(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.tellingApart($0) }
    }

    @Test("Commits change files and folders and nothing else", arguments: Implementation.allCases)
    func changes(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.changes($0) }
    }

    @Test("Only who knows the tip may commit", arguments: Implementation.allCases)
    func optimisticConcurrency(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.optimisticConcurrency($0) }
    }

    @Test("Writers at the same time all land, once each", arguments: Implementation.allCases)
    func concurrentWriters(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.concurrentWriters($0) }
    }

    @Test("One creator of several wins", arguments: Implementation.allCases)
    func concurrentCreation(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.concurrentCreation($0) }
    }
}
