# Builds hexhail into an image that holds the one binary and certificates, and nothing else.
#
#   docker build -t hexhail .
#   docker run -p 7070:7070 -p 7080:7080 -v hexhail:/data hexhail
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN scripts/build --static /out/hexhail && mkdir /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/hexhail /hexhail
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
ENV HEXHAIL_DATA_DIR=/data
VOLUME /data
EXPOSE 7070 7080
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/hexhail", "health"]
ENTRYPOINT ["/hexhail"]
CMD ["serve"]
