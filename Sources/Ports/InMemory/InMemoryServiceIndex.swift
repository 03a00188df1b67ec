import Synchronization

/// An index for tests.
package final class InMemoryServiceIndex: ServiceIndex {
    private struct Stage: Hashable {
        let project: String
        let name: String
    }

    private let stages = Mutex<[Stage: [String: IndexedFolder]]>([:])

    package init() {}

    package func serviceFolders(project: String, stage: String) async throws -> [String: IndexedFolder] {
        stages.withLock { $0[Stage(project: project, name: stage)] ?? [:] }
    }

    package func noteServiceFolders(_ found: [String: IndexedFolder?], project: String, stage: String) async throws {
        stages.withLock { stages in
            for (name, folder) in found { stages[Stage(project: project, name: stage), default: [:]][name] = folder }
        }
    }

    package func forgetServiceFolders(project: String) async throws {
        stages.withLock { $0 = $0.filter { $0.key.project != project } }
    }
}
