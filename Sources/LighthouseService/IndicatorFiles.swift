import Core
import KeptnModel
import Ports
import SpecFiles

/// What a project says about an SLI provider, at the commit that a run is pinned to.
struct IndicatorFiles: Sendable {
    let configuration: any Configuration

    /// Of Keptn 0.5, with the queries of several sources.
    private static let oldFile = "service-indicators.yaml"

    /// The queries of project, stage and service together; the more special one counts (K §3.3).
    func queries(of provider: String, _ scope: Scope, _ commit: String?) async throws -> SLI {
        let path = "\(provider)/sli.yaml"
        let place = ConfigurationPlace(scope)
        var all = SLI(indicators: [:])
        if let old = try await configuration.file(Self.oldFile, at: place, commit: commit) {
            let known = try SpecFiles.serviceIndicators(old.bytes, file: Self.oldFile).value
            all = known[provider] ?? all
        }
        for place in place.fallbacks.reversed() {
            guard let file = try await configuration.file(path, at: place, commit: commit) else { continue }
            all.merge(try SpecFiles.sli(file.bytes, file: "\(place)/\(path)").value)
        }
        return all
    }

    /// The most special `provider.yaml`: it counts as a whole. Nil for a provider that has none, or whose name cannot
    /// be that of a folder.
    func spec(of provider: String, _ scope: Scope, _ commit: String?) async throws -> SLIProviderSpec? {
        guard (try? RepositoryPath(provider))?.parts.count == 1 else { return nil }
        let path = "\(provider)/provider.yaml"
        for place in ConfigurationPlace(scope).fallbacks {
            guard let file = try await configuration.file(path, at: place, commit: commit) else { continue }
            return try SpecFiles.sliProviderSpec(file.bytes, file: "\(place)/\(path)").value
        }
        return nil
    }

    /// The most special file of this path.
    func bytes(_ path: String, _ scope: Scope, _ commit: String?) async throws -> [UInt8]? {
        for place in ConfigurationPlace(scope).fallbacks {
            if let file = try await configuration.file(path, at: place, commit: commit) { return file.bytes }
        }
        return nil
    }
}
