import CloudEvents
package import Ports
import Testing

/// What every implementation of `ServiceIndex` promises; it wants an empty one.
package enum ServiceIndexContract {
    package static func foldersComeAndGo(_ index: any ServiceIndex) async throws {
        let carts = IndexedFolder(content: "1", createdAt: Timestamp(seconds: 1))
        let tests = IndexedFolder(content: "2", createdAt: nil)
        func folders(_ project: String = "sockshop", _ stage: String = "dev") async throws -> [String: IndexedFolder] {
            try await index.serviceFolders(project: project, stage: stage)
        }
        #expect(try await folders().isEmpty)
        try await index.noteServiceFolders(["carts": carts, "tests": tests], project: "sockshop", stage: "dev")
        try await index.noteServiceFolders(["carts": tests], project: "sockshop", stage: "prod")
        try await index.noteServiceFolders(["carts": carts], project: "other", stage: "dev")
        #expect(try await folders() == ["carts": carts, "tests": tests])
        let changed = IndexedFolder(content: "3", createdAt: Timestamp(seconds: 2))
        try await index.noteServiceFolders(
            ["carts": changed, "tests": nil, "gone": nil], project: "sockshop", stage: "dev")
        #expect(try await folders() == ["carts": changed])
        try await index.forgetServiceFolders(project: "sockshop")
        #expect(try await folders().isEmpty)
        #expect(try await folders("sockshop", "prod").isEmpty)
        #expect(try await folders("other") == ["carts": carts])
    }
}
