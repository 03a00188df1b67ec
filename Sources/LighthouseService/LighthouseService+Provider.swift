import CloudEvents
import KeptnModel
import Ports
import SpecFiles

/// Which SLI provider a project has. In Keptn a ConfigMap `lighthouse-config-PROJECT` says it (K §2.6); here the file
/// `lighthouse-config.yaml` among the project's own files does, with the same key:
///
/// ```yaml
/// sli-provider: prometheus
/// ```
extension LighthouseService {
    static let settingsFile = "lighthouse-config.yaml"
    /// Sent by `keptn configure monitoring`.
    static let choice = "sh.keptn.event.monitoring.configure"

    /// The project's choice, or that of the server. Throws `InvalidFile` for a file that says nothing.
    func provider(of project: String) async throws -> String {
        let place = ConfigurationPlace(project: project)
        guard let file = try await configuration.file(Self.settingsFile, at: place, commit: nil) else {
            return sliProvider
        }
        return try SpecFiles.sliProvider(file.bytes, file: Self.settingsFile).value
    }

    /// Writes down what the project chose.
    func choose(_ event: CloudEvent) async throws -> [CloudEvent] {
        guard let project = event.json?["project"]?.stringValue, let provider = event.json?["type"]?.stringValue else {
            throw KeptnError(.invalidInput, "event \(event.type) \(event.id) needs data.project and data.type")
        }
        let place = ConfigurationPlace(project: project)
        let line = "sli-provider: \(JSON.string(provider))\n"
        let bytes = Array(line.utf8)
        if try await configuration.file(Self.settingsFile, at: place, commit: nil)?.bytes != bytes {
            _ = try await configuration.write([(Self.settingsFile, bytes)], at: place)
        }
        return []
    }
}
