import type { VrrpOptions } from './keepalived-conf.js'

/**
 * A keepalived.conf as one finds them: the classroom lab's values, copied from machine to machine over the years, with
 * both signs for comments, odd spacing, words that are deprecated or have never stood there, and settings that do nothing.
 */
export function wildConf({ state, priority, vip, notifyScript }: VrrpOptions): string {
  return `! Configuration File for keepalived
# DO NOT EDIT on server14, edit on server11 and copy

global_defs {
   notification_email {
     root@localhost      # nobody reads this
     # admin@example.com
   }
   notification_email_from   keepalived@localhost
   smtp_server   127.0.0.1
   smtp_connect_timeout 30
   smtp_alert off
   router_id LVS_DEVEL
   script_user root
}

vrrp_instance VI_1 {
    state ${state}          # BACKUP on the other one
    interface eth0
    track_interface {
        eth0
    }
    virtual_router_id 51
    priority ${priority}    ! the other one has less
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass 1111
    }
    virtual_ipaddress {
        ${vip}
    }
    #notify_master "/etc/keepalived/to_master.sh"
    notify "${notifyScript}"
}

virtual_server ${vip} 80 {
    delay_loop 6
    lb_algo rr
    lb_kind DR
#   nat_mask 255.255.255.0
!   persistence_timeout 50
    protocol TCP

    real_server 172.25.0.12   80 {
        weight 1
        TCP_CHECK {
            connect_timeout 3
            nb_get_retry 3       # has never been one of TCP_CHECK's
            retry 3
            delay_before_retry 3
            connect_port    80
        }
    }

\treal_server 172.25.0.13 80
\t{
\t    weight   1
\t    HTTP_GET {
\t        url {
\t            path /
\t            status_code 200
\t        }
\t        connect_timeout 3
\t        nb_get_retry 3
\t        delay_before_retry 3
\t    }
\t}
}
`
}
