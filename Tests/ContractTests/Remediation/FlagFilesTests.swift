import CloudEvents
import Core
import Foundation
import KeptnModel
import Ports
import ProcessRuntime
import TestSupport
import Testing

@Suite("Flag files")
struct FlagFilesTests {
    private let scope = Scope(project: "sockshop", stage: "dev", service: "carts")

    @Test("A flag gets its variant in the service's file, and changes that come together all count")
    func change() async throws {
        try await withTemporaryFolder { folder in
            let flags = FlagFiles(folder: folder, ids: RandomIDs())
            #expect(await flags.exist(for: scope) == false)
            let path = "\(folder)/sockshop/dev/carts.json"
            try FileManager.default.createDirectory(
                atPath: "\(folder)/sockshop/dev", withIntermediateDirectories: true)
            let names = (0..<10).map { "f\($0)" }
            let document: JSON = [
                "flags": .object(
                    Dictionary(
                        uniqueKeysWithValues: names.map {
                            ($0, ["variants": ["on": true, "off": false], "defaultVariant": "on"] as JSON)
                        }))
            ]
            _ = FileManager.default.createFile(atPath: path, contents: Data(document.bytes))
            #expect(await flags.exist(for: scope))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for name in names {
                    group.addTask { try await flags.change([.init(flag: name, variant: "off")], of: scope) }
                }
                try await group.waitForAll()
            }
            let changed = try JSON(parsing: Array(try #require(FileManager.default.contents(atPath: path))))
            #expect(names.allSatisfy { changed["flags", $0, "defaultVariant"] == "off" })
            await #expect(throws: FlagMistake.self) {
                try await flags.change([.init(flag: "other", variant: "off")], of: scope)
            }
            _ = FileManager.default.createFile(atPath: path, contents: Data("{".utf8))
            await #expect(throws: FlagMistake.self) {
                try await flags.change([.init(flag: "f1", variant: "on")], of: scope)
            }
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: "\(folder)/sockshop/dev") == ["carts.json"])
        }
    }

    @Test("Names from events lead nowhere else")
    func names() async throws {
        try await withTemporaryFolder { folder in
            let flags = FlagFiles(folder: "\(folder)/flags", ids: RandomIDs())
            let outside = Scope(project: "..", stage: "..", service: "carts")
            #expect(await flags.exist(for: outside) == false)
            await #expect(throws: KeptnError.self) { try await flags.change([], of: outside) }
        }
    }
}
