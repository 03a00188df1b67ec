/// Charts as text: their name, then a line for each file, its path and what is in it.
package struct InMemoryCharts: ChartArchives {
    package init() {}

    package func files(ofChart archive: [UInt8]) async throws -> [RepositoryPath: [UInt8]] {
        var files: [RepositoryPath: [UInt8]] = [:]
        for line in archive.split(separator: UInt8(ascii: "\n")).dropFirst() {
            let parts = line.split(separator: UInt8(ascii: "\t"), maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw KeptnError(.invalidInput, "the chart cannot be used") }
            files[try RepositoryPath(String(decoding: parts[0], as: UTF8.self))] = Array(parts[1])
        }
        guard !files.isEmpty else { throw KeptnError(.invalidInput, "the chart cannot be used") }
        return files
    }

    package func archive(ofChart name: String, _ files: [RepositoryPath: [UInt8]]) async throws -> [UInt8] {
        files.sorted { $0.key < $1.key }.reduce(into: Array("chart \(name)\n".utf8)) { all, file in
            all += Array("\(file.key)\t".utf8) + file.value + [UInt8(ascii: "\n")]
        }
    }
}
