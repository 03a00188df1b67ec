import CloudEvents
import Logging
import Ports
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

extension ServerConfiguration {
    var logger: Logger { log.logger }
}

extension ServerConfiguration.Log {
    var logger: Logger {
        switch self {
        case .standardError(let level):
            var logger = Logger(label: "keptn") { StreamLogHandler.standardError(label: $0) }
            logger.logLevel = level
            return logger
        case .file(let path):
            let file = LogFile(path)
            var logger = Logger(label: "keptn") { _ in FileLogHandler(file: file) }
            logger.logLevel = .info
            return logger
        }
    }
}

/// A file that log lines are appended to.
private final class LogFile: Sendable {
    private let descriptor: Int32

    init(_ path: String) { descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600) }
    deinit { if descriptor >= 0 { close(descriptor) } }

    /// One call of `write` a line, so that lines of several threads stay whole.
    func append(_ line: String) {
        let bytes = Array(line.utf8)
        _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }
}

private struct FileLogHandler: LogHandler {
    let file: LogFile
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let details = all.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        file.append("\(SystemTime().now.rfc3339) \(event.level) \(event.message) \(details)\n")
    }
}
