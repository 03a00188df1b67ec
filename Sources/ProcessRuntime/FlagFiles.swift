import CloudEvents
import Core
import FoundationEssentials
package import KeptnModel
import NIOPosix
package import Ports
import Synchronization

/// Flag files of OpenFeature's flagd: `PROJECT/STAGE/SERVICE.json` below a folder. Whoever runs a service puts its file
/// there; flagd, or the service's own provider, watches it.
package final class FlagFiles: FeatureFlags {
    private static let bytesMax = 1 << 20

    private let folder: String
    private let ids: any IDSource
    /// One change at a time: each begins with what the last one wrote.
    private let turn = Mutex(())

    package init(folder: String, ids: any IDSource) {
        self.folder = folder
        self.ids = ids
    }

    package func exist(for scope: Scope) async -> Bool {
        guard let path = try? path(of: scope) else { return false }
        return (try? await NIOThreadPool.singleton.runIfActive { FileManager.default.fileExists(atPath: path) })
            ?? false
    }

    package func change(_ flags: [BuiltInAction.FlagChange], of scope: Scope) async throws {
        let path = try path(of: scope)
        let temporaryName = "flags-\(ids.newID()).json"
        try await NIOThreadPool.singleton.runIfActive { [self] in
            try turn.withLock { _ in try Self.change(path, by: flags, temporaryName) }
        }
    }

    private static func change(
        _ path: String, by flags: [BuiltInAction.FlagChange], _ temporaryName: String
    ) throws {
        guard let data = FileManager.default.contents(atPath: path), data.count <= bytesMax else {
            throw KeptnError(.unavailable, "\(path) cannot be read, or has more than \(bytesMax) bytes")
        }
        let document: JSON
        do {
            document = try JSON(parsing: Array(data))
        } catch {
            throw FlagMistake("\(path) is no JSON: \(error)")
        }
        let changed = try FlagDocument.changing(document, by: flags)
        guard changed != document else { return }
        do {
            try DurableFile.replace(path, with: Array((changed.pretty() + "\n").utf8), temporaryName: temporaryName)
        } catch {
            throw KeptnError(.unavailable, "\(path) cannot be written: \(error)")
        }
    }

    /// The names come from events: what is no good name must not become a path.
    private func path(of scope: Scope) throws(KeptnError) -> String {
        let problem =
            Names.problem(project: scope.project) ?? Names.problem(stage: scope.stage)
            ?? Names.problem(service: scope.service)
        if let problem { throw KeptnError(.invalidInput, problem) }
        return "\(folder)/\(scope).json"
    }
}
