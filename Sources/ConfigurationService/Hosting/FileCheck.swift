import KeptnModel
import Ports
import SpecFiles

/// What is found wrong with a file before it gets into a project past the API.
///
/// Keptn's files are known by their names.
enum FileCheck {
    /// How much of a file is read at most.
    static let bytesMax = SpecFiles.bytesMax

    /// Whether the file's content matters. What lies in a `helm` folder is a chart's: templates are no YAML.
    static func concerns(_ path: RepositoryPath) -> Bool { check(for: path) != nil }

    /// The file's mistakes.
    static func mistakes(in bytes: [UInt8], _ path: RepositoryPath) -> [Diagnostic] {
        do {
            try check(for: path)?(bytes, path.text)
            return []
        } catch let error as InvalidFile {
            return error.diagnostics.filter { $0.severity == .error }
        } catch {
            return [Diagnostic(file: path.text, line: 0, column: 0, message: "\(error)")]
        }
    }

    /// Throws `KeptnError.invalidInput` for a file that is written through the API and cannot be used, where nobody
    /// looks at it until something comes. Of the other files users hear when they use them, as in Keptn.
    static func refuseUnusable(_ bytes: [UInt8], _ path: RepositoryPath) throws {
        guard [WebhookSpec.fileName, EventMappings.fileName, RemediationSpec.fileName].contains(path.text) else {
            return
        }
        let mistakes = mistakes(in: bytes, path)
        guard mistakes.isEmpty else {
            throw KeptnError(.invalidInput, mistakes.map(\.description).joined(separator: "\n"))
        }
    }

    private typealias Check = (_ bytes: [UInt8], _ file: String) throws -> Void

    private static func check(for path: RepositoryPath) -> Check? {
        let parts = path.parts
        guard !parts.contains("helm") else { return nil }
        return switch parts.last {
        case "shipyard.yaml" where parts.count == 1: { _ = try SpecFiles.shipyard($0, file: $1) }
        case "slo.yaml": { _ = try SpecFiles.slo($0, file: $1) }
        case "service-objectives.yaml": { _ = try SpecFiles.serviceObjectives($0, file: $1) }
        case "service-indicators.yaml": { _ = try SpecFiles.serviceIndicators($0, file: $1) }
        case "provider.yaml" where parts.count > 1: { _ = try SpecFiles.sliProviderSpec($0, file: $1) }
        case "sli.yaml": { _ = try SpecFiles.sli($0, file: $1) }
        case "jmeter.conf.yaml": { _ = try SpecFiles.testConfiguration($0, file: $1) }
        case "process.yaml": { _ = try SpecFiles.process($0, file: $1) }
        case "lighthouse-config.yaml" where parts.count == 1: { _ = try SpecFiles.sliProvider($0, file: $1) }
        case EventMappings.fileName where parts.count == 1: { _ = try SpecFiles.eventMappings($0, file: $1) }
        case "webhook.yaml": { _ = try SpecFiles.webhook($0, file: $1) }
        case RemediationSpec.fileName: { _ = try SpecFiles.remediation($0, file: $1) }
        case Metadata.fileName: { _ = try SpecFiles.json($0, file: $1) }
        default: nil
        }
    }
}
