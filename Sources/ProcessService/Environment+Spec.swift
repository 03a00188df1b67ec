import KeptnModel
import Ports
import SpecFiles

extension ProcessService.Environment {
    /// The service's `process.yaml`, or that of its stage or project.
    func specFile(of scope: Scope, commit: String?) async throws -> ConfigurationFile? {
        for place in ConfigurationPlace(scope).fallbacks {
            let file = try await configuration.file(ProcessService.specFile, at: place, commit: commit)
            if let file { return file }
        }
        return nil
    }

    func spec(of scope: Scope, commit: String?) async throws -> (spec: ProcessSpec, commit: String) {
        guard let file = try await specFile(of: scope, commit: commit) else {
            throw KeptnError(
                .notFound,
                "\(scope.service) has no \(ProcessService.specFile) in stage \(scope.stage), which says how to run it")
        }
        return (try SpecFiles.process(file.bytes, file: file.path).value, file.commit)
    }
}
