import Ports

/// Charts of Helm among a service's files: `helm/NAME.tgz` for whoever reads and writes, the folder `helm/NAME` in Git
/// (K §1.6), so that a history of charts can be read.
extension ConfigurationService {
    private static let suffix = ".tgz"

    /// The folder of a chart; nil for a path that is no chart's.
    private func chartFolder(_ path: RepositoryPath, at place: ConfigurationPlace) -> RepositoryPath? {
        guard charts != nil, place.service != nil, path.text.contains("helm"), path.text.hasSuffix(Self.suffix) else {
            return nil
        }
        return try? RepositoryPath(String(path.text.dropLast(Self.suffix.count)))
    }

    /// What is to be written, with charts unpacked; and the charts' folders, where nothing else may stay.
    func unpacked(
        _ files: [RepositoryPath: FileChange], at place: ConfigurationPlace
    ) async throws -> (files: [RepositoryPath: FileChange], charts: [RepositoryPath]) {
        var unpacked = files
        var folders: [RepositoryPath] = []
        for (path, change) in files {
            guard let charts, let folder = chartFolder(path, at: place), case .write(let archive) = change else {
                continue
            }
            // One that was committed packed gives way.
            unpacked[path] = .remove
            folders.append(folder)
            for (file, bytes) in try await charts.files(ofChart: archive) {
                guard unpacked.updateValue(.write(bytes), forKey: folder.appending(file)) == nil else {
                    throw KeptnError(.invalidInput, "'\(folder.appending(file))' is in the list and in '\(path)'")
                }
            }
        }
        return (unpacked, folders)
    }

    /// The paths of a chart's files at a commit, below the place's folder.
    func chartFiles(
        _ path: RepositoryPath, at place: ConfigurationPlace, in folder: RepositoryPath?, _ commit: String
    ) async throws -> [RepositoryPath] {
        guard let chart = chartFolder(path, at: place) else { return [] }
        return try await files.paths(under: folder?.appending(chart) ?? chart, at: commit, in: place.project)
    }

    /// The packed chart; nil when the path is no chart's, or there is none.
    func packedChart(
        _ path: RepositoryPath, at place: ConfigurationPlace, in folder: RepositoryPath?, _ commit: String
    ) async throws -> [UInt8]? {
        guard let charts, let chart = chartFolder(path, at: place), let name = chart.parts.last else { return nil }
        let root = folder?.appending(chart) ?? chart
        var contents: [RepositoryPath: [UInt8]] = [:]
        var room = ChartLimits.bytesMax
        for path in try await chartFiles(path, at: place, in: folder, commit) {
            room -= try await files.size(of: path, at: commit, in: place.project) ?? 0
            guard room >= 0 else {
                throw KeptnError(.tooLarge, "chart '\(chart)' has more than \(ChartLimits.bytesMax) bytes")
            }
            guard let below = path.relative(to: root),
                let bytes = try await files.read(path, at: commit, in: place.project)
            else { continue }
            contents[below] = bytes
        }
        return contents.isEmpty ? nil : try await charts.archive(ofChart: name, contents)
    }
}
