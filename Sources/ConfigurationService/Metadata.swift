import CloudEvents
import KeptnModel
import Ports
import SpecFiles

/// `metadata.yaml` (K §2.4) at the root of a project, a stage and a service: that there is one makes a folder of a
/// stage's branch a service.
struct Metadata {
    static let fileName = "metadata.yaml"

    /// Nil when the file does not tell it in RFC 3339.
    var createdAt: Timestamp?
    var layout: Layout
    /// Whether it says so itself; at a branch's root that is where all of its commits belong.
    var isOfStage: Bool

    static func path(in folder: RepositoryPath?) throws(KeptnError) -> RepositoryPath {
        let name = try RepositoryPath(fileName)
        return folder?.appending(name) ?? name
    }

    /// Takes Keptn's field names in any case: its own files spell them differently.
    init(reading bytes: [UInt8], file: String) throws(InvalidFile) {
        let members = try SpecFiles.json(bytes, file: file).members
        func value(_ name: String) -> JSON? { members.last { $0.key.lowercased() == name }?.value }
        createdAt = value("creationtimestamp")?.stringValue.flatMap { Timestamp(rfc3339: $0) }
        isOfStage = value("stagename")?.stringValue.wanted != nil
        layout = value("isusingdirectorystructure")?.boolValue == true ? .folders : .branches
    }

    /// The file of a new place. JSON's strings are YAML's too.
    static func file(of place: ConfigurationPlace, createdAt: Timestamp, layout: Layout) -> [UInt8] {
        var lines = ["projectName: \(JSON.string(place.project).text)"]
        if let stage = place.stage { lines.append("stageName: \(JSON.string(stage).text)") }
        if let service = place.service { lines.append("serviceName: \(JSON.string(service).text)") }
        lines.append("creationTimestamp: \(JSON.string(createdAt.rfc3339).text)")
        lines.append("isUsingDirectoryStructure: \(layout == .folders)")
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }
}
