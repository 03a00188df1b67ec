import KeptnModel
import Ports
import Testing

/// Files that lie in the stage, where the service has none, at the pinned commit.
struct FilesOfAStage: ConfigurationListing {
    var files: [String: String] = [:]
    var shipyard: Shipyard?

    func file(_ path: String, at place: ConfigurationPlace, commit: String?) async throws -> ConfigurationFile? {
        guard place.service == nil, place.stage == "dev" else { return nil }
        #expect(commit == "abc123")
        return files[path].map { ConfigurationFile(path: path, bytes: Array($0.utf8), commit: "abc123") }
    }

    func list(_ place: ConfigurationPlace, commit: String?) async throws -> (paths: [String], commit: String) {
        (place.service == nil && place.stage == "dev" ? files.keys.sorted() : [], "abc123")
    }

    func head(of place: ConfigurationPlace) async throws -> String { "abc123" }
    func services(project: String, stage: String) async throws -> [ServiceEntry] { [] }

    func shipyard(of project: String, commit: String?) async throws -> (shipyard: Shipyard, commit: String) {
        guard let shipyard else { throw KeptnError(.notFound, "there is no shipyard here") }
        return (shipyard, "abc123")
    }
}
